// The power fails at every point of a rebuild. Whatever the cut leaves behind: readers see, row by row, a fresh replay;
// what is marked complete is complete; anything else is started again.
//
// A rebuild is performed once and its changes to the disk are recorded: those that SQLite makes, and the steps of the
// library itself: links, removals and syncs of the directory. After a cut the runner gets another boot id. On the way,
// some pages of the shadow move from the WAL to the main file without syncs, as in a large one.
//
// To repeat one cut: STELE_SEED=N STELE_CUT=N, as a failure prints it.

#include "faults/tools/fault_vfs.hpp"
#include "faults/tools/settings.hpp"
#include "support/projections.hpp"
#include "support/spy_store.hpp"

#include <stele/eventstore/memory/memory_store.hpp>

#include <fmt/format.h>
#include <sqlite3.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <atomic>
#include <cerrno>
#include <fstream>
#include <functional>
#include <iterator>
#include <map>
#include <stdexcept>

using namespace testing;

namespace {

namespace fs = std::filesystem;

/// Records changes to the disk without SQLite. A link is a file whose bytes reach the disk with its name.
class own_steps {
public:
    explicit own_steps(fault_vfs& vfs) : vfs_(vfs) {}

    void linked(const char* target, const char* name) {
        const auto number = next_++;
        links_[name] = number;
        vfs_.note({disk_change::kind::written, number, name, 0, target});
        vfs_.note({disk_change::kind::synced, number, name});
        vfs_.note({disk_change::kind::made, number, name});
    }
    void renamed(const char* from, const char* to) {
        const auto number = links_.at(from);
        vfs_.note({disk_change::kind::made, number, to});
        vfs_.note({disk_change::kind::removed, number, from});
    }
    void removed(const char* name) { vfs_.note({disk_change::kind::removed, 0, name}); }
    void directory_synced() { vfs_.note({disk_change::kind::directory_synced}); }

private:
    fault_vfs& vfs_;
    std::size_t next_ = 1'000'000;  // above those of SQLite's files
    std::map<std::string, std::size_t> links_;
};

std::atomic<own_steps*> watching = nullptr;

}  // namespace

// The steps. These replace the functions of the C library that the library and the standard library call.
// NOLINTBEGIN(readability-inconsistent-declaration-parameter-name): theirs are reserved
extern "C" {
int fsync(int file) {
    // Nothing is synced: what has reached the disk is computed.
    struct stat what{};
    auto* const steps = watching.load();
    if (steps != nullptr && ::fstat(file, &what) == 0 && S_ISDIR(what.st_mode)) steps->directory_synced();
    return 0;
}
int rename(const char* from, const char* to) noexcept {
    const auto result = static_cast<int>(::syscall(SYS_rename, from, to));
    if (auto* const steps = watching.load(); steps != nullptr && result == 0) steps->renamed(from, to);
    return result;
}
int symlink(const char* target, const char* name) noexcept {
    const auto result = static_cast<int>(::syscall(SYS_symlink, target, name));
    if (auto* const steps = watching.load(); steps != nullptr && result == 0) steps->linked(target, name);
    return result;
}
int remove(const char* name) noexcept {
    auto result = static_cast<int>(::syscall(SYS_unlink, name));
    if (result != 0 && errno == EISDIR) result = static_cast<int>(::syscall(SYS_rmdir, name));
    if (auto* const steps = watching.load(); steps != nullptr && result == 0) steps->removed(name);
    return result;
}
}
// NOLINTEND(readability-inconsistent-declaration-parameter-name)

namespace {

void execute(const fs::path& file, const char* sql) {
    sqlite3* db = nullptr;
    const int opened = sqlite3_open_v2(file.c_str(), &db, SQLITE_OPEN_READWRITE, nullptr);
    const int done = opened == SQLITE_OK ? sqlite3_exec(db, sql, nullptr, nullptr, nullptr) : opened;
    sqlite3_close(db);
    if (done != SQLITE_OK) throw std::runtime_error(fmt::format("{}: {}", sql, sqlite3_errstr(done)));
}

enum class way : std::uint8_t { serve_at_once, wait_and_swap_in };

class rebuild_and_cut {
public:
    rebuild_and_cut() {
        vfs_.make_default();
        append_some(store_, 240);
        // Two generations, so that the rebuild removes one.
        stele::projection_runner runner{store_, directory_.path};
        runner.add<totals>();
        runner.catch_up();
        runner.rebuild<totals>();
        expected_ = fresh_replay(store_);
    }

    /// Rebuilds, and returns the changes of the disk.
    std::vector<disk_change> perform(way how) {
        boot_ = "before the cut";
        own_steps steps{vfs_};
        vfs_.record();
        watching = &steps;
        {
            spy_store spy{store_};
            stele::projection_runner runner{spy, directory_.path, {.batch_events = 20, .boot_id = boot_id_}};
            runner.add<totals>();
            bool has_begun = false;
            // Between two batches. The next one then overwrites the WAL.
            spy.before_head = [&] {
                if (has_begun) execute(shadow_, "PRAGMA synchronous = OFF; PRAGMA wal_checkpoint(PASSIVE)");
            };
            runner.rebuild<totals>(
                {.swap = how == way::serve_at_once, .progress = [&](const auto&) { has_begun = true; }});
            if (how == way::wait_and_swap_in) runner.swap_in<totals>();
        }
        watching = nullptr;
        boot_ = "after the cut";
        return vfs_.recording();
    }

    [[nodiscard]] disk_image image() const {
        disk_image all;
        for (const auto& entry : fs::directory_iterator{directory_.path}) {
            if (entry.path().extension() == ".lock") continue;
            std::ifstream in(entry.path(), std::ios::binary);
            all[entry.path()] = entry.is_symlink() ? fs::read_symlink(entry.path()).string()
                                                   : std::string(std::istreambuf_iterator<char>(in), {});
        }
        return all;
    }

    /// Throws if something is wrong after a cut.
    void check(const disk_image& image) const {
        materialise_all(image);
        expect_rows("what serves", directory_ / "totals.db");
        expect_complete_ones();
        const bool is_done = is_complete(shadow_);
        stele::projection_runner runner{store_, directory_.path, {.boot_id = boot_id_}};
        runner.add<totals>();
        std::optional<stele::position> began_at;
        runner.rebuild<totals>({.progress = [&](const auto& now) { began_at = began_at.value_or(now.reached); }});
        if (!is_done && began_at.value() > stele::position{})
            throw std::runtime_error(fmt::format("a shadow from before the cut was resumed, from {}", began_at->value));
        expect_rows("what was rebuilt then", directory_ / "totals.db");
    }

private:
    void materialise_all(const disk_image& image) const {
        for (const auto& entry : fs::directory_iterator{directory_.path}) fs::remove(entry.path());
        const auto stable = (directory_ / "totals.db").string();
        for (const auto& [name, content] : image)
            if (name == stable || name == stable + ".new")
                fs::create_symlink(content, name);
            else
                std::ofstream(name, std::ios::binary) << content;
    }

    static bool is_complete(const fs::path& file) {
        try {
            auto db = stele::read_model::open_read_only(file);
            return db.query_one<bool>("SELECT complete FROM stele_projection") == std::tuple{true};
        } catch (const stele::error&) {
            return false;  // missing or incomplete, which does no harm as long as it is not used
        }
    }

    void expect_complete_ones() const {
        for (int number = 1; number <= 3; ++number)
            if (const auto file = directory_ / fmt::format("totals.{}.db", number); is_complete(file))
                expect_rows("what says that it is complete", file);
    }

    void expect_rows(std::string_view what, const fs::path& file) const {
        auto db = stele::read_model::open_read_only(file);
        if (rows_of_totals(db) != expected_)
            throw std::runtime_error(fmt::format("{} ({}) has other rows", what, fs::canonical(file).string()));
    }

    fault_vfs vfs_;
    temp_dir directory_;
    mutable stele::memory_store store_;
    std::vector<std::string> expected_;
    fs::path shadow_ = directory_ / "totals.3.db";
    std::string boot_ = "before the cut";
    std::function<std::string()> boot_id_ = [this] { return boot_; };
};

bool is_sync(const disk_change& change) {
    return change.what == disk_change::kind::synced || change.what == disk_change::kind::directory_synced;
}

}  // namespace

TEST_CASE("the power may fail at any change of a rebuild") {
    auto how = way::serve_at_once;
    SUBCASE("that serves at once") {}
    SUBCASE("that waits and is swapped in") {
        how = way::wait_and_swap_in;
    }
    rebuild_and_cut test;
    disk_model disk{test.image()};
    const auto changes = test.perform(how);
    const auto only = environment_number("STELE_CUT");
    std::vector<std::string> problems;
    for (std::size_t cut = 0; cut <= changes.size() && problems.size() < 5; ++cut) {
        if (cut > 0) disk.apply(changes[cut - 1]);
        if (only ? cut != *only : (cut + run_seed()) % one_in() != 0) continue;
        std::vector images{disk.random_part(run_seed() * 1'000'003 + cut), disk.everything()};
        // What is safe changes only at syncs, so the last cut between two syncs is the hardest.
        if (cut == changes.size() || is_sync(changes[cut])) images.push_back(disk.only_safe());
        for (const auto& image : images) try {
                test.check(image);
            } catch (const std::exception& fault) {
                problems.push_back(fmt::format("STELE_SEED={} STELE_CUT={} (next was: {}): {}", run_seed(), cut,
                                               cut < changes.size() ? to_string(changes[cut]) : "the end",
                                               fault.what()));
            }
    }
    for (const auto& each : changes) fmt::print("{}\n", to_string(each));
    for (const auto& each : problems) MESSAGE(each);
    CHECK(problems.empty());
    MESSAGE(changes.size() << " changes");
}
