// What is built from all events is built from those that were appended: one that was changed ends it.

#include "support/board.hpp"
#include "support/errors.hpp"
#include "support/projections.hpp"
#include "support/run_sql.hpp"

#include <stele/eventstore/sqlite/sqlite_store.hpp>
#include <stele/projections/inline/inline_projections.hpp>

#include <fmt/format.h>

using namespace testing;
using stele::projection_runner;
using stele::sqlite_store;

namespace {

const stele::sqlite_options quick{.durability = stele::durability::normal, .limits = {.read_batch_events = 16}};
constexpr std::uint64_t changed = 100;

template <class Event>
void put(stele::event_store& store, const Event& event) {
    const std::vector events{stele::encode(event)};
    store.append(stele::stream_id{"counter-1"}, stele::expected_version::any(), events).value();
}

struct place {
    temp_dir directory;
    std::filesystem::path file = directory / "events.db";
    std::filesystem::path models = directory / "models";

    place() {
        auto store = sqlite_store::open(file, quick);
        put(store, opened());
        for (int i = 0; i < 400; ++i) put(store, incremented(1));
    }
    // Another time, which no handler looks at.
    void change(std::uint64_t where = changed) const {
        run_sql(file, fmt::format("UPDATE events SET recorded_at = recorded_at + 1 WHERE position = {}", where));
    }
    void change_back() const {
        run_sql(file, fmt::format("UPDATE events SET recorded_at = recorded_at - 1 WHERE position = {}", changed));
    }
};

}  // namespace

TEST_CASE("a rebuild meets an event that was changed, and the old generation serves on") {
    const place here;
    {
        auto store = sqlite_store::open(here.file, quick);
        projection_runner runner{store, here.models};
        runner.add<totals>();
        runner.catch_up();
    }
    here.change();
    const auto before = rows_of_totals(here.models);
    auto store = sqlite_store::open(here.file, quick);
    {
        projection_runner runner{store, here.models};
        runner.add<totals>();
        for (const bool swap : {true, false})
            expect_changed_event(changed, [&] { (void)runner.rebuild<totals>({.swap = swap}); });
        CHECK(rows_of_totals(here.models) == before);
        CHECK(std::filesystem::read_symlink(here.models / "totals.db") == "totals.1.db");
        // What comes later is not compared, and the event in the past is not read again.
        put(store, incremented(1));
        CHECK_NOTHROW(runner.catch_up());
    }
    projection_runner runner{store, here.models, {.compare_leaves = false}};
    runner.add<totals>();
    CHECK(runner.rebuild<totals>() == stele::rebuild_result::serving);
}

TEST_CASE("a rebuild that met a changed event is resumed once the event is what it was") {
    const place here;
    here.change();
    {
        auto store = sqlite_store::open(here.file, quick);
        projection_runner runner{store, here.models, {.batch_events = 10}};
        runner.add<totals>();
        expect_changed_event(changed, [&] { runner.catch_up(); });
        CHECK(runner.status().front().checkpoint.value > 0);
        CHECK(runner.status().front().checkpoint.value < changed);
    }
    here.change_back();
    auto store = sqlite_store::open(here.file, quick);
    projection_runner runner{store, here.models, {.batch_events = 10}};
    runner.add<totals>();
    CHECK(runner.catch_up().value == 401);
    CHECK(runner.rebuild<totals>() == stele::rebuild_result::serving);
}

TEST_CASE("a read model that is built for the first time compares, and one that is complete does not") {
    const place here;
    const auto build = [&](const stele::projection_runner_options& options) {
        auto store = sqlite_store::open(here.file, quick);
        projection_runner runner{store, here.models, options};
        runner.add<totals>();
        runner.catch_up();
    };
    here.change();
    expect_changed_event(changed, [&] { build({}); });
    CHECK_NOTHROW(build({.compare_leaves = false}));
    {
        auto store = sqlite_store::open(here.file, quick);
        for (int i = 0; i < 400; ++i) put(store, incremented(1));
    }
    here.change(500);
    CHECK_NOTHROW(build({}));
}

TEST_CASE("a projection in memory reads all events at each start, and compares none") {
    const place here;
    here.change();
    auto store = sqlite_store::open(here.file, quick);
    projection_runner runner{store, here.models};
    runner.add<board>();
    CHECK_NOTHROW(runner.catch_up());
}

TEST_CASE("an inline projection compares the events that its tables are made from") {
    const place here;
    auto before = sqlite_store::open(here.file, quick);
    stele::inline_projections applied_before{before};
    applied_before.add<totals>();
    here.change();
    auto store = sqlite_store::open(here.file, quick);
    stele::inline_projections applied{store};
    CHECK_NOTHROW(applied.add<totals>());  // its tables are there
    expect_changed_event(changed, [&] { applied.rebuild<totals>(); });
    applied.remove("totals");
    expect_changed_event(changed, [&] { applied.add<totals>(); });
    stele::inline_projections trusting{store, {.compare_leaves = false}};
    CHECK_NOTHROW(trusting.add<totals>());
}
