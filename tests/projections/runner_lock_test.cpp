// The lock of a projection runner: who has lost it writes nothing more. And what is refused before anything is made.

#include "support/projections.hpp"
#include "support/stores.hpp"

#include <stele/projections/effects/effect.hpp>

#include <map>
#include <optional>
#include <utility>

using namespace std::chrono_literals;
using namespace testing;
using stele::error_kind;
using stele::projection_runner;
using stele::projection_runner_options;
namespace fs = std::filesystem;

namespace {

int effects_done = 0;

/// In memory, with snapshots and effects.
struct tally {
    static constexpr auto name = "tally";
    static constexpr int version = 1;
    static constexpr auto events = hana::tuple_t<Incremented>;
    static constexpr auto effects = hana::tuple_t<Incremented>;
    using snapshot_type = Incremented;
    static constexpr auto snapshot_policy = stele::snapshot_every(1'000'000);

    std::int64_t sum = 0;
    void project(const Incremented& event, const stele::recorded_event&) { sum += event.by(); }
    static void effect(const Incremented&, const stele::recorded_event&) { ++effects_done; }
    Incremented snapshot() const { return incremented(static_cast<int>(sum)); }
    void restore(const Incremented& saved) { sum = saved.by(); }
};

/// In tables, with effects.
struct counted : labels {
    static constexpr auto effects = hana::tuple_t<CounterOpened>;
    static void effect(const CounterOpened&, const stele::recorded_event&) { ++effects_done; }
};

const std::map<std::string, std::function<void(const fs::path&)>> losses{
    {"removed", [](const fs::path& lock) { fs::remove(lock); }},
    {"moved", [](const fs::path& lock) { fs::rename(lock, lock.string() + ".old"); }},
    {"replaced",
     [](const fs::path& lock) {
         fs::copy_file(lock, lock.string() + ".new");
         fs::rename(lock.string() + ".new", lock);
     }},
};

const std::vector<std::pair<std::string, std::function<void(projection_runner&)>>> calls{
    {"catch_up", [](auto& runner) { runner.catch_up(); }},
    {"rebuild", [](auto& runner) { runner.template rebuild<totals>(); }},
    {"rebuild to wait", [](auto& runner) { runner.rebuild("totals", {.swap = false}); }},
    {"rollback", [](auto& runner) { runner.template rollback<totals>(); }},
    {"discard", [](auto& runner) { runner.template discard<totals>(); }},
    {"discard_dead_letter", [](auto& runner) { runner.template discard_dead_letter<totals>({1}); }},
    {"take_snapshot", [](auto& runner) { runner.template take_snapshot<tally>(); }},
    {"add", [](auto& runner) { runner.template add<labels>(); }},
};

// Of all files but those that SQLite makes for who reads.
std::map<std::string, std::uintmax_t> sizes_in(const fs::path& directory) {
    std::map<std::string, std::uintmax_t> sizes;
    for (const auto& entry : fs::directory_iterator{directory}) {
        const auto name = entry.path().filename().string();
        const auto size = fs::file_size(entry.path());
        if (!name.ends_with("-shm") && (!name.ends_with("-wal") || size > 0)) sizes.emplace(name, size);
    }
    return sizes;
}

}  // namespace

TEST_CASE("a runner whose lock file is not in its place any more writes nothing, says so, and does no effect") {
    for (const auto& [what, lose] : losses)
        for (const auto& [name, call] : calls) {
            CAPTURE(what);
            CAPTURE(name);
            const temp_dir directory;
            stele::memory_store store;
            projection_runner runner{store, directory.path};
            runner.add<totals>();
            runner.add<tally>();
            append_some(store, 20);
            runner.catch_up();
            runner.rebuild<totals>();  // one can be rolled back
            append(store, 1, incremented(1));
            lose(directory / "runner.lock");
            const auto before = sizes_in(directory.path);
            const auto done = effects_done;
            const auto fault = error_of([&, &made = call] { made(runner); });
            INFO(fault.message);
            CHECK(fault.kind == error_kind::io);
            CHECK(fault.says((directory / "runner.lock").string()));
            CHECK(fault.says("another runner may"));
            CHECK(sizes_in(directory.path) == before);
            CHECK(effects_done == done);
        }
}

TEST_CASE("two runners of one directory, the lock file was removed between them: no event is applied twice") {
    for (const bool in_a_batch : {false, true}) {
        CAPTURE(in_a_batch);
        const temp_dir directory;
        stele::memory_store store;
        append_some(store, 20);
        projection_runner first{store, directory.path, {.attempts = 1}};
        first.add<totals>();
        first.catch_up();
        append_some(store, 20, 2);
        std::optional<projection_runner> second;
        const auto begin_second = [&] {
            fs::remove(directory / "runner.lock");
            second.emplace(store, directory.path);
            second->add<totals>();
        };
        if (in_a_batch)
            before_projecting = [&, done = false](const auto&) mutable {
                if (!std::exchange(done, true)) begin_second();
            };
        else
            begin_second();
        CHECK(error_of([&] { first.catch_up(); }).says("runner.lock"));
        CHECK(first.status().at(0).checkpoint.value == 20);
        first.start();
        CHECK_FALSE(first.wait_for<totals>(store.head(), std::chrono::hours::max()));
        CHECK(first.status().at(0).state == stele::projection_state::faulted);
        first.stop();
        second->catch_up();
        CHECK(rows_of_totals(directory.path) == fresh_replay(store));
    }
    before_projecting = nullptr;
}

TEST_CASE("bad options are refused before anything is made, by whatever opens files") {
    const temp_dir directory;
    stele::memory_store store;
    const auto bad_vfs = stele::connection_options{.vfs = "no such vfs"};
    const std::vector<std::pair<std::string, std::function<void(const fs::path&)>>> bad{
        {"batch_events", [&](auto& to) { projection_runner{store, to / "a", {.batch_events = 0}}; }},
        {"threads", [&](auto& to) { projection_runner{store, to / "a", {.threads = 0}}; }},
        {"attempts", [&](auto& to) { projection_runner{store, to / "a", {.attempts = 0}}; }},
        {"first_backoff", [&](auto& to) { projection_runner{store, to / "a", {.first_backoff = -1ns}}; }},
        {"boot_id", [&](auto& to) { projection_runner{store, to / "a", {.boot_id = nullptr}}; }},
        {"vfs", [&](auto& to) { projection_runner{store, to / "a", {.connection = bad_vfs}}; }},
        {"limits", [](auto& to) { (void)stele::sqlite_store::open(to / "a", {.limits = {.event_bytes = 0}}); }},
        {"log_bytes", [](auto& to) { (void)stele::sqlite_store::open(to / "a", {.log_bytes = 0}); }},
        {"now", [](auto& to) { (void)stele::sqlite_store::open(to / "a", {.now = nullptr}); }},
        {"vfs of a store", [&](auto& to) { (void)stele::sqlite_store::open(to / "a", {.connection = bad_vfs}); }},
        {"vfs of a reader",
         [&](auto& to) { (void)stele::sqlite_store::open_read_only(to / "a", {.connection = bad_vfs}); }},
        {"name of a store", [](auto& to) { (void)stele::sqlite_store::open(to / "a-wal"); }},
        {"name of a backup",
         [](auto& to) {
             const temp_dir elsewhere;
             stele::sqlite_store::open(elsewhere / "events.db").backup(to / "a-wal");
         }},
    };
    for (const auto& [name, open] : bad) {
        CAPTURE(name);
        const auto fault = error_of([&, &made = open] { made(directory.path); });
        INFO(fault.message);
        CHECK(fault.kind == error_kind::invalid_argument);
        CHECK(fs::is_empty(directory.path));
    }
}

TEST_CASE("a projection whose effects could not be noted in the store leaves no read model behind") {
    const temp_dir directory;
    {
        (void)stele::sqlite_store::open(directory / "events.db");
    }
    auto store = stele::sqlite_store::open_read_only(directory / "events.db");
    projection_runner runner{store, directory / "read"};
    CHECK(error_of([&] { runner.add<counted>(); }).kind == error_kind::read_only);
    CHECK(sizes_in(directory / "read").size() == 1);  // the lock
}
