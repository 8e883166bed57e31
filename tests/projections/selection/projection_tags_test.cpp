// Projections of every kind that select events by tags: they see those events, in order, and the removals of all
// streams.

#include "support/projections.hpp"
#include "support/stores.hpp"

#include <stele/projections/inline/inline_projections.hpp>
#include <stele/projections/memory/fold.hpp>
#include <stele/projections/memory/memory_projection.hpp>
#include <stele/projections/subscriptions/durable_subscription.hpp>
#include <stele/projections/subscriptions/subscription_runner.hpp>
#include <stele/testing/given_projection.hpp>

#include <map>
#include <set>

using namespace testing;
using stele::expected_version;
using stele::projection_runner;
using stele::stream_id;

namespace {

using positions = std::set<std::uint64_t>;

/// Where the events are that it got.
struct seen_in_tables {
    static constexpr auto name = "seen";
    static constexpr int version = 1;
    static constexpr auto events = hana::tuple_t<Incremented>;
    static constexpr auto tags = hana::make_tuple("region:eu", "kind:paid");

    static void create(stele::read_model& db) { db.execute("CREATE TABLE seen (position INTEGER PRIMARY KEY)"); }
    static void project(const Incremented&, const stele::recorded_event& at, stele::read_model& db) {
        db.execute("INSERT INTO seen VALUES (?1)", at.position);
    }
};

struct all_in_tables : seen_in_tables {
    static constexpr auto tags = hana::make_tuple("kind:paid");
};

struct seen_in_memory {
    static constexpr auto name = "seen_in_memory";
    static constexpr int version = 1;
    static constexpr auto events = hana::tuple_t<Incremented>;
    static constexpr auto tags = seen_in_tables::tags;

    positions seen = {};

    void project(const Incremented&, const stele::recorded_event& at) { seen.insert(at.position.value); }
};

/// The same, and the streams that were removed.
struct seen_and_removed : seen_in_memory {
    static constexpr auto name = "seen_and_removed";
    static constexpr auto events = hana::tuple_t<Incremented, stele::stream_deleted>;

    std::set<std::string> removed = {};

    using seen_in_memory::project;
    void project(const stele::stream_deleted& stream, const stele::recorded_event&) { removed.insert(stream.stream); }
};

struct subscriber {
    static constexpr auto name = "subscriber";
    static constexpr auto events = hana::tuple_t<Incremented>;
    static constexpr auto tags = seen_in_tables::tags;

    positions& seen;

    void on(const Incremented&, const stele::recorded_event& at) const { seen.insert(at.position.value); }
};

positions positions_in(stele::read_model& db) {
    positions found;
    for (const auto& [position] : db.query<std::uint64_t>("SELECT position FROM seen")) found.insert(position);
    return found;
}

// Events with each subset of three tags, over and over, and of a type that nobody lists. Returns where the two tags
// are.
positions fill(stele::event_store& store, int count) {
    positions expected;
    for (int i = 0; i < count; ++i) {
        auto event = i % 16 < 8 ? stele::encode(incremented(1)) : stele::encode(opened());
        if ((i & 1) != 0) event.tags.add("region:eu");
        if ((i & 2) != 0) event.tags.add("kind:paid");
        if ((i & 4) != 0) event.tags.add("shop:7");
        REQUIRE(store.append(stream_id{"counter", std::to_string(i % 5)}, expected_version::any(), event));
        if (i % 16 < 8 && (i & 3) == 3) expected.insert(store.head().value);
    }
    return expected;
}

}  // namespace

STORE_TEST_CASE(store, "projections with tags get the events that carry all of them, and no others") {
    const auto expected = fill(*store, 200);
    const temp_dir directory;
    projection_runner runner{*store, directory.path};
    runner.add<seen_in_tables>();
    runner.add<seen_in_memory>();
    runner.add<seen_and_removed>();
    runner.catch_up();
    auto tables = stele::read_model::open_read_only(directory / "seen.db");
    CHECK(positions_in(tables) == expected);
    CHECK(runner.query<seen_in_memory>([](const auto& now) { return now.seen; }) == expected);
    CHECK(stele::fold<seen_in_memory>(*store).seen == expected);
    CHECK(runner.rebuild<seen_in_tables>() == stele::rebuild_result::serving);

    // The record of a removal carries no tags.
    REQUIRE(store->delete_stream(stream_id{"counter-3"}));
    runner.catch_up();
    CHECK(runner.query<seen_and_removed>([](const auto& now) { return now.seen; }) == expected);
    CHECK(runner.query<seen_and_removed>([](const auto& now) { return now.removed; }) ==
          std::set<std::string>{"counter-3"});
}

STORE_TEST_CASE(store, "so do durable subscriptions") {
    const auto expected = fill(*store, 100);
    positions seen;
    stele::subscription_runner runner{*store};
    runner.add(subscriber{seen});
    runner.catch_up();
    CHECK(seen == expected);
}

TEST_CASE("so do inline projections, in the append and when they are made") {
    const temp_dir directory;
    auto store = stele::sqlite_store::open(directory / "events.db", {.durability = stele::durability::normal});
    auto expected = fill(store, 50);
    stele::inline_projections applied{store};
    applied.add<seen_in_tables>();
    expected.merge(fill(store, 50));
    auto tables = stele::read_model::open_read_only(directory / "events.db");
    CHECK(positions_in(tables) == expected);
}

TEST_CASE("the store looks the tags up, and another list of tags is another projection") {
    const auto& table =
        stele::detail::event_table_of<seen_in_tables, stele::detail::projection_binding<seen_in_tables>>();
    CHECK(table.filter().tags == stele::tag_list{"kind:paid", "region:eu"});

    const temp_dir directory;
    stele::memory_store store;
    fill(store, 20);
    {
        projection_runner runner{store, directory.path};
        runner.add<seen_in_tables>();
        runner.catch_up();
    }
    projection_runner runner{store, directory.path};
    runner.add<all_in_tables>();
    CHECK(error_of([&] { runner.catch_up(); }).kind == stele::error_kind::needs_rebuild);
}
