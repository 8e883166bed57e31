// A retention policy that removes only what a snapshot holds leaves every state as it was.

#include "contract/snapshots/tallies.hpp"

#include <stele/eventstore/retention/retention.hpp>

#include <map>

using namespace testing;
using stele::version;

namespace {

std::vector<stele::retention_policy> covered(stele::event_store& store) {
    return {{.category = "tally", .keep_events = 0, .covered_by = stele::snapshots_of<tally<>>(store)}};
}

}  // namespace

STORE_TEST_CASE(store, "what a snapshot holds is removed, and the state stays") {
    const stele::repository<tally<>> tallies{*store};
    for (int i = 1; i <= 12; ++i) {
        const auto id = std::to_string(i);
        fill(*store, i, "tally-" + id);
        if (i % 4 == 0) continue;  // without a snapshot
        tallies.take_snapshot(id, tallies.load(id));
        if (i % 2 == 0) fill(*store, 2, "tally-" + id);
    }
    // A snapshot that this program does not use, and a stream of another history than its snapshot.
    const stele::repository<tally<next_fold>> others{*store};
    others.take_snapshot("5", others.load("5"));
    REQUIRE(store->delete_stream(stele::stream_id{"tally-7"}));
    fill(*store, 9, "tally-7");
    REQUIRE(store->find_document("snapshot", "tally-7"));
    std::map<std::string, tally<>> before;
    for (int i = 1; i <= 12; ++i) {
        const stele::stream_id stream{"tally", std::to_string(i)};  // this takes no snapshot
        before[std::to_string(i)] = stele::load<tally<>>(*store, stream).state;
    }

    const auto report = stele::apply_retention(*store, covered(*store));
    CHECK(report.streams_seen == 12);
    CHECK(report.streams_truncated == 7);
    CHECK(report.events_removed == 1 + 2 + 3 + 6 + 9 + 10 + 11);
    CHECK(stele::apply_retention(*store, covered(*store)).events_removed == 0);
    for (const auto& [id, state] : before) {
        CHECK(tallies.load(id).state == state);
        CHECK(tallies.load(id).removed.value == (id == "7" ? 7 : 0));  // deleted, and started again
    }
    CHECK(store->find_stream(stele::stream_id{"tally-2"}).first->version == version{3});
    CHECK(store->find_stream(stele::stream_id{"tally-5"}).first->version == version{1});
    CHECK(stele::snapshots_of<tally<>>(*store)(stele::stream_id{"counter-1"}) == version{});
}

STORE_TEST_CASE(store, "a damaged snapshot holds nothing") {
    fill(*store, 6);
    const stele::document_write damaged{.kind = "snapshot", .key = "tally-1", .value = "no snapshot"};
    REQUIRE(store->append({}, {&damaged, 1}));
    CHECK(stele::apply_retention(*store, covered(*store)).events_removed == 0);
}
