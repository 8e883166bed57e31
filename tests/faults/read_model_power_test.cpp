// The power fails at every point of a projection's work: the remaining read model opens, and catches up to a fresh
// replay.

#include "faults/tools/fault_vfs.hpp"
#include "faults/tools/settings.hpp"
#include "support/projections.hpp"

#include <stele/eventstore/memory/memory_store.hpp>

#include <fmt/format.h>

namespace {

void catch_up(stele::event_store& store, const std::filesystem::path& directory) {
    stele::projection_runner runner{store, directory, {.batch_events = 50}};
    runner.add<testing::totals>();
    runner.catch_up();
}

}  // namespace

TEST_CASE("the power may fail at any change of a read model") {
    fault_vfs vfs;
    vfs.make_default();
    const temp_dir directory;
    stele::memory_store store;
    testing::append_some(store, 100);
    catch_up(store, directory.path);
    const auto file = std::filesystem::canonical(directory / "totals.db").string();
    const auto before = read_image(file);

    testing::append_some(store, 500, 2);
    const auto expected = testing::fresh_replay(store);
    vfs.record();
    catch_up(store, directory.path);
    const auto changes = vfs.recording();

    disk_model disk{before};
    std::vector<std::string> problems;
    for (std::size_t cut = 0; cut <= changes.size() && problems.size() < 5; ++cut) {
        const auto seed = run_seed() * 1'000'003 + cut;
        for (const auto& image : {disk.only_safe(), disk.random_part(seed), disk.everything()}) try {
                materialise(image, file);
                (void)testing::rows_of_totals(directory.path);
                catch_up(store, directory.path);
                if (testing::rows_of_totals(directory.path) != expected) throw std::runtime_error("other rows");
            } catch (const std::exception& fault) {
                problems.push_back(fmt::format("STELE_SEED={} cut {}: {}", run_seed(), cut, fault.what()));
            }
        if (cut < changes.size()) disk.apply(changes[cut]);
    }
    for (const auto& each : problems) MESSAGE(each);
    CHECK(problems.empty());
    MESSAGE(changes.size() << " changes");
}
