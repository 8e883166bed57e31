// Inline projections whose tables were made by another version: the advice fits the program that gets it.

#include "projections/inline_place.hpp"

using namespace testing;
using stele::error_kind;
using stele::inline_projections;
using stele::position;

namespace {

template <int Version>
struct numbered : totals {
    static constexpr auto name = "numbered";
    static constexpr int version = Version;
};

// The same version with other events.
struct fewer_events : totals {
    static constexpr auto name = "numbered";
    static constexpr int version = 2;
    static constexpr auto events = hana::tuple_t<CounterOpened>;
};

}  // namespace

TEST_CASE("a newer program is told to rebuild, an older one to end") {
    const place here;
    auto store = here.open();
    inline_projections applied{store};
    applied.add<numbered<2>>();

    auto newer = here.open();
    const auto to_newer = error_of([&] { inline_projections{newer}.add<numbered<3>>(); });
    CHECK(to_newer.kind == error_kind::needs_rebuild);
    CHECK(to_newer.says("its tables were made by version 2, this program has version 3"));
    CHECK(to_newer.says("end the programs with version 2, which cannot append afterwards, and rebuild the tables"));

    auto older = here.open();
    const auto to_older = error_of([&] { inline_projections{older}.add<numbered<1>>(); });
    CHECK(to_older.kind == error_kind::needs_rebuild);
    CHECK(to_older.says("end this program and run one with version 2"));
    CHECK(to_older.says("would take the tables back to version 1"));
    CHECK_FALSE(to_older.says("rebuild the tables ("));

    auto same = here.open();
    const auto to_same = error_of([&] { inline_projections{same}.add<fewer_events>(); });
    CHECK(to_same.says("by another version 2 with other events or tables"));
    CHECK(to_same.says("increase `version` in it"));
    for (const auto& each : {to_newer, to_older, to_same}) CHECK_FALSE(each.says("open the store without"));
}

TEST_CASE("a program that is still running when its projection is rebuilt gets the same advice") {
    const place here;
    auto store = here.open();
    inline_projections applied{store};
    applied.add<numbered<1>>();
    put(store, 1, opened("a"));
    auto newer = here.open();
    inline_projections{newer}.rebuild<numbered<2>>();
    const auto left_behind = error_of([&] { put(store, 1, incremented(1)); });
    CHECK(left_behind.kind == error_kind::needs_rebuild);
    CHECK(left_behind.says("this program has the older version 1"));
    CHECK(left_behind.says("end this program and run one with version 2"));
    put(newer, 1, incremented(1));
}

TEST_CASE("when another process has dropped the tables, each way that is advised works") {
    const place here;
    auto store = here.open();
    inline_projections applied{store};
    applied.add<totals>();
    put(store, 1, opened("a"));
    auto other = here.open();
    inline_projections{other}.remove("totals");
    const auto stuck = error_of([&] { put(store, 1, incremented(1)); });
    CHECK(stuck.kind == error_kind::needs_rebuild);
    CHECK(stuck.says("its tables were removed while this process had them open"));
    SUBCASE("make them again") {
        CHECK(stuck.says("call inline_projections::rebuild"));
        applied.rebuild<totals>();
        put(store, 1, incremented(1));
        CHECK(here.rows() == fresh_replay(store));
    }
    SUBCASE("go on without them") {
        CHECK(stuck.says("call inline_projections::remove(\"totals\")"));
        applied.remove("totals");
        put(store, 1, incremented(1));
        CHECK(applied.status().empty());
        CHECK(error_of([&] { applied.remove("totals"); }).says("there is no inline projection with the name totals"));
    }
    CHECK(store.head() == position{2});
}
