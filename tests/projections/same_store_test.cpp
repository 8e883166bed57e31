// A read model knows its store, whatever was removed from it, and another one from it.

#include "support/board.hpp"
#include "support/projections.hpp"
#include "support/stores.hpp"

#include <functional>
#include <string>
#include <utility>
#include <vector>

using namespace testing;
using stele::error_kind;
using stele::position;
using stele::stream_id;
using stele::version;

namespace {

void run(stele::event_store& store, const std::filesystem::path& directory) {
    stele::projection_runner runner{store, directory};
    runner.add<totals>();
    runner.add<board>();
    runner.catch_up();
    for (const auto& status : runner.status()) CHECK(status.checkpoint == store.head());
}

void add(stele::event_store& store, int from, int to) {
    for (int i = from; i <= to; ++i) append(store, i, incremented(i));
}

}  // namespace

STORE_TEST_CASE(store, "a store whose last seen event was removed is still the same") {
    const std::vector<std::pair<std::string, std::function<void()>>> removals{
        {"truncated", [&] { REQUIRE(store->truncate_stream(stream_id{"counter-9"}, version{2})); }},
        {"deleted", [&] { REQUIRE(store->delete_stream(stream_id{"counter-8"})); }},
        {"tombstoned", [&] { REQUIRE(store->tombstone_stream(stream_id{"counter-7"})); }},
        {"all before it as well",
         [&] {
             for (int i = 1; i <= 6; ++i) REQUIRE(store->delete_stream(stream_id{"counter", std::to_string(i)}));
         }},
    };
    const temp_dir directory;
    int last = 9;
    for (const auto& [name, remove] : removals) {
        CAPTURE(name);
        if (last == 9) add(*store, 1, 9);
        append(*store, last > 6 ? last : 6, incremented(1));  // the last one seen is of that stream
        run(*store, directory.path);
        remove();
        run(*store, directory.path);
        add(*store, 20, 22);
        run(*store, directory.path);
        --last;
    }
}

TEST_CASE("a store that was restored to an earlier state is another one, however far it has come since") {
    const temp_dir directory;
    const auto open = [&](const std::string& name) { return stele::sqlite_store::open(directory / name); };
    auto store = open("events.db");
    add(store, 1, 10);
    store.backup(directory / "older.db");
    add(store, 11, 20);
    run(store, directory / "read");
    for (const int appended : {0, 5, 10, 15}) {
        for (const std::string removed : {"nothing", "the one at the position seen last", "all but those before it"}) {
            CAPTURE(appended);
            CAPTURE(removed);
            const auto name = "restored " + std::to_string(appended) + " " + removed + ".db";
            std::filesystem::copy_file(directory / "older.db", directory / name);
            auto restored = open(name);
            add(restored, 31, 30 + appended);
            if (removed != "nothing" && appended >= 10)
                REQUIRE(restored.truncate_stream(stream_id{"counter-40"}, version{2}));
            if (removed.starts_with("all"))
                for (int i = 41; i <= 30 + appended; ++i)
                    REQUIRE(restored.truncate_stream(stream_id{"counter", std::to_string(i)}, version{2}));
            stele::projection_runner runner{restored, directory / "read"};
            runner.add<totals>();
            CHECK_FALSE(runner.wait_for<totals>(position{1}, std::chrono::milliseconds::max()));  // nothing ran yet
            CHECK(error_of([&] { runner.catch_up(); }).kind == error_kind::other_store);
            const auto status = runner.status().at(0);
            CHECK(status.state == stele::projection_state::faulted);
            runner.start();
            CHECK_FALSE(runner.wait_for<totals>(position{1}, std::chrono::milliseconds::max()));
        }
    }
    run(store, directory / "read");
}
