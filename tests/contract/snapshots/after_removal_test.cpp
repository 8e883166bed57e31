// Whatever was truncated: what a load gives, what a save accepts, and what verify_snapshot() can say.

#include "contract/snapshots/tallies.hpp"

#include <string>
#include <utility>

using namespace testing;
using stele::version;

namespace {

constexpr std::uint64_t events = 8;

/// A stream of `events` events with a snapshot of the state at `snapshot`, if that is not 0.
void make(stele::event_store& store, const std::string& id, std::uint64_t snapshot) {
    const auto name = "tally-" + id;
    const stele::repository<tally<by_hand>> tallies{store};
    if (snapshot != 0) {
        fill(store, static_cast<int>(snapshot), name);
        tallies.take_snapshot(id, tallies.load(id));
    }
    std::vector<stele::event_data> rest;
    for (auto i = snapshot; i < events; ++i) rest.push_back(stele::encode(incremented(static_cast<int>(i) + 1)));
    if (!rest.empty()) REQUIRE(store.append(stele::stream_id{name}, stele::expected_version::any(), rest));
}

/// Every snapshot, or none, and every truncation after it.
struct truncation {
    std::string id;
    stele::stream_id stream{"tally", id};
    std::uint64_t snapshot;  // its version, or 0
    std::uint64_t removed;   // the versions up to here are
};

template <class Test>
void for_each_truncation(stele::event_store& store, const Test& test) {
    int number = 100;
    for (std::uint64_t snapshot = 0; snapshot <= events; ++snapshot) {
        for (std::uint64_t removed = 0; removed <= events; ++removed) {
            CAPTURE(snapshot);
            CAPTURE(removed);
            const truncation each{.id = std::to_string(++number), .snapshot = snapshot, .removed = removed};
            make(store, each.id, snapshot);
            test(each);
        }
    }
}

void truncate(stele::event_store& store, const truncation& what) {
    REQUIRE(store.truncate_stream(what.stream, version{what.removed}.next()));
}

}  // namespace

STORE_TEST_CASE(store, "a save is accepted if a load would give the same state, whatever was truncated since") {
    const stele::repository<tally<by_hand>> tallies{*store};
    for_each_truncation(*store, [&](const truncation& each) {
        const auto& [id, stream, snapshot, removed] = each;
        auto known = tallies.load(id);
        truncate(*store, each);
        const auto now = tallies.load(id);
        CHECK(now.version.value == events);
        CHECK(now.removed.value == (snapshot >= removed ? 0 : removed));
        CHECK((now.state == known.state) == (snapshot >= removed));
        const auto state_before = known.state;
        const auto saved = tallies.save(id, known, known.state.decide(increment(id, 5)));
        CHECK(saved.has_value() == (now.state == state_before));
        if (!saved) CHECK(known.state == state_before);
        const auto expected = saved ? known.state : now.state;
        CHECK(tallies.load(id).state == expected);
        auto fresh = tallies.load(id);
        CHECK(tallies.save(id, fresh, fresh.state.decide(increment(id, 7))));
    });
}

STORE_TEST_CASE(store,
                "a snapshot that was not stored stands for nothing: what is truncated is missing in a save, too") {
    const faults_of_one_test undo;
    int number = 100;
    for (const std::string fails : {"nothing", "snapshot()", "the store"}) {
        CAPTURE(fails);
        const auto id = std::to_string(++number);
        spy_store spied{*store};
        spied.before_document_write = [&] {
            if (fails == "the store") throw stele::error(stele::error_kind::busy, "not now");
        };
        tally<>::faults.snapshot_throws = fails == "snapshot()";
        const stele::repository<tally<>> tallies{spied};
        auto known = tallies.load(id);
        REQUIRE(tallies.save(id, known, known.state.decide(count(id, {1, 2, 3, 4, 5, 6}))));
        CHECK(known.snapshot.value == (fails == "nothing" ? 6 : 0));
        REQUIRE(store->truncate_stream(stele::stream_id{"tally", id}, version{6}));
        const auto saved = tallies.save(id, known, known.state.decide(increment(id, 7)));
        CHECK(saved.has_value() == (fails == "nothing"));
        tally<>::faults.snapshot_throws = false;
    }
}

STORE_TEST_CASE(store, "verify_snapshot says what can be verified after a truncation, and never blames the code") {
    for_each_truncation(*store, [&](const truncation& each) {
        const auto& [id, stream, snapshot, removed] = each;
        truncate(*store, each);
        const auto verified = stele::verify_snapshot<tally<by_hand>>(*store, stream);
        if (removed == events) {
            REQUIRE_FALSE(verified);
            CHECK(verified.error() == "Stream \"tally-" + id +
                                          "\": all events up to version 8 were removed, so nothing was compared, "
                                          "and a stored snapshot cannot be verified. To verify it, use a copy of "
                                          "the store from before the removal.");
        } else if (removed == 0 || snapshot < removed) {
            CHECK(verified == version{events});  // the snapshot is not used where it lacks removed events
        } else {
            REQUIRE_FALSE(verified);
            CHECK(verified.error() ==
                  "Stream \"tally-" + id + "\": the stored snapshot of version " + std::to_string(snapshot) +
                      " cannot be verified: it holds events up to version " + std::to_string(removed) +
                      " that were removed from the stream since, so they cannot be folded "
                      "again. To verify it, use a copy of the store from before the removal.");
        }
    });
}

STORE_TEST_CASE(store, "a snapshot that was taken after the truncation is verified, and a changed evolve is told") {
    const faults_of_one_test undo;
    make(*store, "1", 0);
    REQUIRE(store->truncate_stream(one, version{4}));
    const stele::repository<tally<>> tallies{*store};
    tallies.take_snapshot("1", tallies.load("1"));
    CHECK(stele::verify_snapshot<tally<>>(*store, one) == version{events});
    tally<>::faults.factor = 10;
    const auto changed = stele::verify_snapshot<tally<>>(*store, one);
    REQUIRE_FALSE(changed);
    CHECK(changed.error().contains("Bump fold_version"));
}
