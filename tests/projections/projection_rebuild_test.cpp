// Another generation of a read model: how it is built, interrupted, resumed, inspected, swapped in and rolled back.

#include "support/projections.hpp"
#include "support/run_sql.hpp"

#include <stele/eventstore/memory/memory_store.hpp>
#include <stele/eventstore/sqlite/sqlite_store.hpp>

#include <atomic>
#include <thread>

using namespace std::chrono_literals;
using namespace testing;
using stele::error_kind;
using stele::position;
using stele::projection_runner;
using stele::projection_state;
using stele::rebuild_result;

namespace {

namespace fs = std::filesystem;

// Nothing waits this long unless it is broken.
constexpr auto for_ever = std::chrono::milliseconds::max();

/// The totals as they should have been: a decrement counts double.
struct mended_totals : totals {
    static constexpr int version = 2;
    using totals::project;
    static void project(const Decremented& event, const stele::recorded_event& at, stele::read_model& db) {
        Decremented twice;
        twice.set_by(2 * event.by());
        totals::project(twice, at, db);
    }
};

std::vector<std::string> fresh_mended(stele::event_store& store) {
    const temp_dir directory;
    projection_runner runner{store, directory.path};
    runner.add<mended_totals>();
    runner.catch_up();
    return rows_of_totals(directory.path);
}

std::string serving(const fs::path& directory) {
    return fs::read_symlink(directory / "totals.db").string();
}

/// Begins a rebuild and stops it when half of the events are applied.
void stop_half_way(projection_runner& runner, std::uint64_t events) {
    std::stop_source stop;
    before_projecting = [&](const stele::recorded_event& event) {
        if (event.position.value > events / 2) stop.request_stop();
    };
    CHECK(runner.rebuild<totals>({.stop = stop.get_token()}) == rebuild_result::stopped);
    before_projecting = nullptr;
}

/// Which events a rebuild applies, as the handlers see it.
std::vector<std::uint64_t> positions_of_rebuild(projection_runner& runner) {
    std::vector<std::uint64_t> seen;
    before_projecting = [&](const stele::recorded_event& event) { seen.push_back(event.position.value); };
    CHECK(runner.rebuild<totals>() == rebuild_result::serving);
    before_projecting = nullptr;
    return seen;
}

// A read model as the previous program has left it.
void build_totals(stele::event_store& store, const fs::path& directory) {
    projection_runner runner{store, directory};
    runner.add<totals>();
    runner.catch_up();
}

struct totals_of_next_year : totals {
    static constexpr int version = 3;
};

}  // namespace

TEST_CASE("a changed projection is rebuilt during normal operation, swapped in, and rolled back") {
    const temp_dir directory;
    const auto models = directory / "read";
    auto store = stele::sqlite_store::open(directory / "events.db", {.durability = stele::durability::normal});
    append_some(store, 300);
    build_totals(store, models);
    projection_runner runner{store, models, {.batch_events = 50}};
    runner.add<mended_totals>();
    runner.start();  // refuses the read model of version 1, and resumes after the swap
    std::atomic<bool> over = false;
    std::atomic<int> queries = 0;
    std::atomic<int> failed = 0;
    std::atomic<int> went_back = 0;
    std::atomic<bool> rolls_back = false;
    {
        std::vector<std::jthread> all;
        for (int id = 100; id < 104; ++id)
            all.emplace_back([&, id] {
                append(store, id, opened("x"));
                while (!over) append(store, id, decremented(1));
            });
        for (int i = 0; i < 2; ++i)
            all.emplace_back([&] {
                auto db = stele::read_model::open_read_only(models / "totals.db");
                for (std::int64_t seen = 0; !over; ++queries) try {
                        const auto [sum] =
                            db.query_one<std::int64_t>("SELECT coalesce(sum(changes), 0) FROM totals").value();
                        if (sum < seen && !rolls_back) ++went_back;
                        seen = sum;
                    } catch (const stele::error&) {
                        ++failed;
                    }
            });
        CHECK(runner.rebuild<mended_totals>({.swap = false}) == rebuild_result::waiting);
        CHECK(serving(models) == "totals.1.db");
        runner.swap_in<mended_totals>();
        CHECK(serving(models) == "totals.2.db");
        CHECK(runner.wait_for<mended_totals>(store.head(), for_ever));
        CHECK(runner.rebuild<mended_totals>() == rebuild_result::serving);  // now the old one is updated
        // A query that looked at the link before the last swap may read the old generation while rollback() brings it
        // up to date: later rows than the next query, which reads the one that serves until then.
        rolls_back = true;
        runner.rollback<mended_totals>();
        CHECK(serving(models) == "totals.2.db");
        while (queries < 10) std::this_thread::yield();
        over = true;
    }
    CHECK(failed == 0);
    CHECK(went_back == 0);
    CHECK(runner.wait_for<mended_totals>(store.head(), for_ever));
    CHECK(rows_of_totals(models) == fresh_mended(store));
    runner.swap_in<mended_totals>();
    CHECK(serving(models) == "totals.3.db");
    CHECK(rows_of_totals(models) == fresh_mended(store));
    CHECK(rows_of_totals(models) != fresh_replay(store));
}

TEST_CASE("during a rebuild the old generation is kept up to date, and the status shows both") {
    stele::memory_store store;
    append_some(store, 400);
    const temp_dir directory;
    projection_runner runner{store, directory.path, {.batch_events = 10}};
    runner.add<totals>();
    runner.start();
    REQUIRE(runner.wait_for<totals>(position{400}, for_ever));
    int reports = 0;
    stele::rebuild_progress last;
    runner.rebuild<totals>({.progress = [&](const stele::rebuild_progress& now) {
        if (++reports == 1) {
            append_some(store, 10, 2);
            CHECK(runner.wait_for<totals>(position{410}, for_ever));
            const auto status = runner.status().front();
            CHECK(status.state == projection_state::rebuilding);
            CHECK(status.checkpoint == position{410});
            REQUIRE(status.rebuild);
            CHECK(status.rebuild->reached < status.checkpoint);
            CHECK(status.message().find("totals: rebuilding, at 410 of 410") == 0);
            CHECK(status.message().find("; the new generation at 0 of 400") != std::string::npos);
        }
        CHECK(last.reached <= now.reached);
        last = now;
    }});
    CHECK(reports >= 2);
    CHECK(last.reached == position{410});
    CHECK(last.events_per_s > 0);
    CHECK(last.eta == 0s);
    CHECK_FALSE(runner.status().front().rebuild);
    CHECK(rows_of_totals(directory.path) == fresh_replay(store));
}

TEST_CASE("a stopped rebuild is resumed where it was") {
    stele::memory_store store;
    append_some(store, 400);
    const temp_dir directory;
    {
        projection_runner runner{store, directory.path, {.batch_events = 10}};
        runner.add<totals>();
        runner.catch_up();
        stop_half_way(runner, 400);
        CHECK(serving(directory.path) == "totals.1.db");
        CHECK(error_of([&] { runner.swap_in<totals>(); }).says("no complete generation is waiting"));
    }
    projection_runner runner{store, directory.path, {.batch_events = 10}};
    runner.add<totals>();
    CHECK(positions_of_rebuild(runner).front() > 200);
    CHECK(rows_of_totals(directory.path) == fresh_replay(store));
    CHECK(positions_of_rebuild(runner).front() == 1);  // there is nothing to resume
}

TEST_CASE("a rebuild that cannot be resumed starts again") {
    stele::memory_store store;
    append_some(store, 400);
    const temp_dir directory;
    std::optional<projection_runner> runner;
    const auto begin_anew = [&](stele::event_store& from) {
        runner.reset();
        runner.emplace(from, directory.path, stele::projection_runner_options{.batch_events = 10});
        runner->add<totals>();
    };
    begin_anew(store);
    runner->catch_up();
    stop_half_way(*runner, 400);
    const auto shadow = directory / "totals.2.db";

    SUBCASE("the machine was started since then") {
        run_sql(shadow, "UPDATE stele_shadow SET boot_id = 'the one before'; DELETE FROM changes");
    }
    SUBCASE("nobody knows whether it was") {
        run_sql(shadow, "UPDATE stele_shadow SET boot_id = ''");
    }
    SUBCASE("its creation was not finished") {
        run_sql(shadow, "DROP TABLE stele_shadow");
    }
    SUBCASE("another version has built it") {
        run_sql(shadow, "UPDATE stele_projection SET version = 7");
    }
    SUBCASE("it is damaged") {
        begin_anew(store);
        fs::resize_file(shadow, 5000);
    }
    SUBCASE("it is of another store") {
        stele::memory_store other;
        append_some(other, 400, 5);
        begin_anew(other);
        CHECK(positions_of_rebuild(*runner).front() == 1);
        CHECK(rows_of_totals(directory.path) == fresh_replay(other));
        return;
    }
    SUBCASE("a handler has failed") {
        int failures = 0;
        before_projecting = [&](const auto& event) {
            if (event.position.value == 399 && ++failures > 0) throw std::runtime_error("no");
        };
        CHECK(error_of([&] { runner->rebuild<totals>(); }).says("totals.2.db) failed at position 399"));
        before_projecting = nullptr;
        CHECK_FALSE(fs::exists(shadow));
    }
    begin_anew(store);
    CHECK(positions_of_rebuild(*runner).front() == 1);
    CHECK(rows_of_totals(directory.path) == fresh_replay(store));
}

TEST_CASE("generations that wait, and generations that served before") {
    stele::memory_store store;
    append_some(store, 60);
    const temp_dir directory;
    projection_runner runner{store, directory.path};
    runner.add<totals>();
    runner.catch_up();
    CHECK(error_of([&] { runner.rollback<totals>(); }).says("no previous complete generation"));
    CHECK(error_of([&] { runner.swap_in<totals>(); }).kind == error_kind::invalid_argument);

    CHECK(runner.rebuild<totals>({.swap = false}) == rebuild_result::waiting);
    CHECK(runner.rebuild<totals>({.swap = false}) == rebuild_result::waiting);
    CHECK_FALSE(fs::exists(directory / "totals.2.db"));  // the newer one waits instead
    append_some(store, 20, 2);
    runner.swap_in<totals>();  // catches up first
    CHECK(serving(directory.path) == "totals.3.db");
    CHECK(rows_of_totals(directory.path) == fresh_replay(store));
    append_some(store, 20, 3);
    runner.rollback<totals>();  // so does this
    CHECK(serving(directory.path) == "totals.1.db");
    CHECK(rows_of_totals(directory.path) == fresh_replay(store));

    runner.rebuild<totals>();
    CHECK(serving(directory.path) == "totals.4.db");
    CHECK_FALSE(fs::exists(directory / "totals.3.db"));
    runner.rollback<totals>();
    CHECK(serving(directory.path) == "totals.1.db");
    CHECK(error_of([&] { runner.rollback<totals>(); }).says("no previous complete generation"));
    CHECK(error_of([&] { runner.rebuild("nobody"); }).says("nobody"));

    CHECK(runner.rebuild<totals>({.swap = false}) == rebuild_result::waiting);
    runner.discard<totals>();
    const auto is_generation = [](const fs::directory_entry& each) {
        return !each.is_symlink() && each.path().extension() == ".db";
    };
    CHECK(std::ranges::count_if(fs::directory_iterator{directory.path}, is_generation) == 1);
    CHECK(serving(directory.path) == "totals.1.db");
    CHECK(rows_of_totals(directory.path) == fresh_replay(store));
    CHECK(error_of([&] { runner.swap_in<totals>(); }).says("no complete generation is waiting"));
}

TEST_CASE("a rollback serves a generation of another version, but does not update it") {
    stele::memory_store store;
    append_some(store, 60);
    const temp_dir directory;
    build_totals(store, directory.path);
    const auto old_rows = rows_of_totals(directory.path);
    {
        projection_runner runner{store, directory.path};
        runner.add<mended_totals>();
        runner.rebuild<mended_totals>();
        append_some(store, 60, 2);
        runner.rollback<mended_totals>();
        CHECK(rows_of_totals(directory.path) == old_rows);
        CHECK(error_of([&] { runner.catch_up(); }).says("was built by version 1"));
    }
    // The previous program continues with it, and does not touch what it does not know.
    projection_runner runner{store, directory.path};
    runner.add<totals>();
    runner.catch_up();
    CHECK(rows_of_totals(directory.path) == fresh_replay(store));
    CHECK(error_of([&] { runner.swap_in<totals>(); }).says("was built by version 2"));
    CHECK(serving(directory.path) == "totals.1.db");
}

TEST_CASE("a generation that waits holds an automatic rebuild back, and the error says so") {
    stele::memory_store store;
    append_some(store, 60);
    const temp_dir directory;
    build_totals(store, directory.path);
    {
        projection_runner runner{store, directory.path};
        runner.add<mended_totals>();
        runner.rebuild<mended_totals>();
        runner.rollback<mended_totals>();
    }
    const stele::projection_runner_options automatic{.attempts = 2, .first_backoff = 1ms, .rebuild_changed = true};
    const auto waiting = (directory / "totals.2.db").string() +
                         " is complete and waits, and while it does, the option "
                         "rebuild_changed rebuilds nothing: ";
    {
        projection_runner runner{store, directory.path, automatic};
        runner.add<mended_totals>();
        CHECK(error_of([&] { runner.catch_up(); }).says(waiting + "serve it with projection_runner::swap_in"));
    }
    projection_runner runner{store, directory.path, automatic};
    runner.add<totals_of_next_year>();
    const auto refused = error_of([&] { runner.catch_up(); });
    CHECK(refused.kind == error_kind::needs_rebuild);
    CHECK(
        refused.says("was built by version 1 of projection totals, this program has version 3; nothing was changed; " +
                     waiting + "build one of this version with projection_runner::rebuild, or remove it with discard"));
    CHECK(error_of([&] { runner.swap_in<totals_of_next_year>(); }).says("rebuild the projection"));
    SUBCASE("rebuild") {
        runner.rebuild<totals_of_next_year>();
    }
    SUBCASE("discard") {
        runner.discard<totals_of_next_year>();
    }
    runner.catch_up();
    CHECK(serving(directory.path) != "totals.1.db");
}

TEST_CASE("a changed projection is rebuilt automatically, if requested") {
    stele::memory_store store;
    append_some(store, 200);
    const temp_dir directory;
    build_totals(store, directory.path);
    projection_runner runner{store, directory.path, {.batch_events = 10, .rebuild_changed = true}};
    runner.add<mended_totals>();
    SUBCASE("in the background") {
        runner.start();
        CHECK(runner.wait_for<mended_totals>(position{200}, for_ever));
        append_some(store, 10, 2);
        CHECK(runner.wait_for<mended_totals>(position{210}, for_ever));
    }
    SUBCASE("on the caller's thread") {
        runner.catch_up();
    }
    SUBCASE("and a handler that fails for a while does not keep it from that") {
        before_projecting = [failures = 0](const auto& event) mutable {
            if (event.position.value == 150 && ++failures < 3) throw std::runtime_error("no");
        };
        runner.start();
        while (serving(directory.path) != "totals.2.db") std::this_thread::yield();
        runner.stop();
        before_projecting = nullptr;
    }
    CHECK(serving(directory.path) == "totals.2.db");
    CHECK(rows_of_totals(directory.path) == fresh_mended(store));

    runner.rollback<mended_totals>();  // an explicit decision: it is not rebuilt again
    CHECK(error_of([&] { runner.catch_up(); }).says("was built by version 1"));
    CHECK(serving(directory.path) == "totals.1.db");
}

TEST_CASE("a background rebuild that cannot finish is left in a consistent state") {
    stele::memory_store store;
    append_some(store, 200);
    const temp_dir directory;
    build_totals(store, directory.path);
    projection_runner runner{
        store, directory.path, {.batch_events = 10, .attempts = 2, .first_backoff = 1ms, .rebuild_changed = true}};
    runner.add<mended_totals>();
    before_projecting = [](const auto& event) {
        if (event.position.value > 150) throw std::runtime_error("no");
    };
    runner.start();
    CHECK_FALSE(runner.wait_for<mended_totals>(position{201}, for_ever));
    runner.stop();
    before_projecting = nullptr;
    const auto status = runner.status().front();
    CHECK(status.state == projection_state::faulted);
    CHECK(status.last_error.find("totals.2.db) failed at position 15") != std::string::npos);
    CHECK(serving(directory.path) == "totals.1.db");
    CHECK_FALSE(fs::exists(directory / "totals.2.db"));
    CHECK(runner.rebuild<mended_totals>() == rebuild_result::serving);
    CHECK(rows_of_totals(directory.path) == fresh_mended(store));
}
