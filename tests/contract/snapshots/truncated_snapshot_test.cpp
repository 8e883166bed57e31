// Snapshots of streams from which events were removed.

#include "contract/snapshots/tallies.hpp"

#include <rapidcheck.h>

#include <algorithm>
#include <numeric>
#include <string>
#include <utility>
#include <vector>

using namespace testing;
using stele::version;

STORE_TEST_CASE(store, "a snapshot is not used after its stream was deleted, or started again") {
    bus_of<> bus{*store};
    REQUIRE(bus.send(count("1", {1, 2, 3, 4, 5, 6})));
    REQUIRE(has_snapshot(*store));
    REQUIRE(store->delete_stream(one));
    CHECK(events_read(*store) == 0);
    REQUIRE(bus.send(open("1")));
    CHECK(events_read(*store) == 1);
    CHECK(stele::repository<tally<>>{*store}.load("1").state.value == 0);
    // The same when the version of the snapshot is passed in the meantime.
    REQUIRE(bus.send(count("1", {1, 2, 3, 4, 5, 6})));
    REQUIRE(store->delete_stream(one));
    fill(*store, 3);
    CHECK(events_read(*store) == 3 + 3 + 1);  // looked for its last event, read the stream, and what a new one replaces
    CHECK(events_read(*store) == 1);          // it was replaced

    REQUIRE(store->tombstone_stream(one));
    CHECK(events_read(*store) == 0);
    CHECK_FALSE(bus.send(open("1")));
    stele::remove_snapshot(*store, one);
    CHECK_FALSE(has_snapshot(*store));
    stele::remove_snapshot(*store, one);
}

STORE_TEST_CASE(store, "a snapshot is not used when its last event was truncated") {
    bus_of<> bus{*store};
    REQUIRE(bus.send(count("1", {1, 2, 3, 4, 5, 6})));
    REQUIRE(bus.send(count("1", {7, 8})));
    REQUIRE(store->truncate_stream(one, version{8}));
    // Looked for the last event of the snapshot and for the next, read the stream, and looked at what a new one
    // replaces.
    CHECK(events_read(*store) == 4);
    CHECK(stele::repository<tally<>>{*store}.load("1").state.value == 8);
}

STORE_TEST_CASE(store, "a snapshot stands for the truncated events that it holds, its last one included") {
    bus_of<> bus{*store};
    REQUIRE(bus.send(count("1", {1, 2, 3, 4, 5, 6})));
    const stele::repository<tally<>> tallies{*store};
    REQUIRE(store->truncate_stream(one, version{7}));  // all of them
    CHECK(tallies.load("1").state.value == 21);
    CHECK(tallies.load("1").version.value == 6);
    REQUIRE(loading_bus(*store).send(increment("1", 7)));
    CHECK(tallies.load("1").state.value == 28);
    REQUIRE(bus.send(increment("1", 8)));
    CHECK(tallies.load("1").state.value == 36);

    REQUIRE(store->delete_stream(one));  // what begins after that is another history
    fill(*store, 1);
    CHECK(tallies.load("1").state.value == 0);
}

// A command is decided whatever was removed, and a state is that of all events or of those that are left.
STORE_TEST_CASE(store,
                "after any removals, a stream can be loaded and written to, with and without caches and snapshots") {
    int streams = 100;
    CHECK(rc::check("", [&] {
        const auto id = std::to_string(++streams);
        const stele::stream_id stream{"tally", id};
        bus_of<> warm{*store};
        auto cold = loading_bus(*store);
        bus_of<by_hand> without{*store, {.cached_aggregates = 0}};
        const stele::repository<tally<>> tallies{*store};
        std::vector<std::int64_t> all;  // since the stream began, those that were truncated as well
        std::size_t left = 0;           // how many of the last are still there
        for (auto steps = *rc::gen::inRange(1, 25); steps > 0; --steps) {
            const std::int64_t by = *rc::gen::inRange(1, 100);
            switch (*rc::gen::inRange(0, 8)) {
                case 0:
                case 1: RC_ASSERT(warm.send(increment(id, by))); break;
                case 2: RC_ASSERT(cold.send(increment(id, by))); break;
                case 3: RC_ASSERT(without.send(increment(id, by))); break;
                case 4:
                case 5: {
                    if (all.empty()) continue;
                    const auto keep = *rc::gen::inRange<std::size_t>(0, left + 1);
                    const auto end = store->stream_version(stream);
                    if (keep < left) RC_ASSERT(store->truncate_stream(stream, version{end.value - keep + 1}));
                    left = std::min(left, keep);
                    continue;
                }
                case 6:
                    if (!all.empty()) RC_ASSERT(store->delete_stream(stream));
                    all.clear();
                    left = 0;
                    continue;
                default:
                    if (left == all.size()) tallies.take_snapshot(id, tallies.load(id));
                    continue;
            }
            all.push_back(by);
            ++left;
            const auto sum = [](auto begin, auto end) { return std::accumulate(begin, end, std::int64_t{0}); };
            const auto loaded = tallies.load(id);
            RC_ASSERT(loaded.version == store->stream_version(stream));
            RC_ASSERT(loaded.version == stele::load<tally<>>(*store, stream).version);
            const auto rest = std::ssize(all) - static_cast<std::ptrdiff_t>(left);
            bool is_of_a_suffix = false;
            for (std::ptrdiff_t from = 0; from <= rest; ++from)
                is_of_a_suffix = is_of_a_suffix || loaded.state.value == sum(all.begin() + from, all.end());
            RC_ASSERT(is_of_a_suffix);
        }
    }));
}

STORE_TEST_CASE(store, "a snapshot stays good when events before it are truncated") {
    REQUIRE(bus_of<>{*store}.send(count("1", {1, 2, 3, 4, 5, 6})));
    REQUIRE(store->truncate_stream(one, version{5}));
    CHECK(stele::repository<tally<>>{*store}.load("1").state.value == 21);
    CHECK_FALSE(stele::verify_snapshot<tally<>>(*store, one));
}

STORE_TEST_CASE(store, "a state that lacks removed events does not replace the snapshot that holds them") {
    const faults_of_one_test undo;
    std::vector<std::string> warnings;
    const auto warn = [&](const std::string& message) { warnings.push_back(message); };
    const auto heard = [&] { return std::exchange(warnings, {}); };
    const stele::repository<tally<>> tallies{*store, {.on_warning = warn}};
    const stele::repository<tally<next_fold>> changed{*store, {.on_warning = warn}};
    fill(*store, 6);
    tallies.take_snapshot("1", tallies.load("1"));
    const auto early = stele::load<tally<>>(*store, one, {.up_to = {3}});
    REQUIRE(store->truncate_stream(one, version{6}));
    CHECK(tallies.load("1").removed.value == 0);
    CHECK(tallies.load("1").state.value == 15);
    CHECK(heard().empty());

    const std::string begin = "The snapshot of the stream \"tally-1\" ";
    const std::string lost =
        "the events of stream \"tally-1\" up to version 5 were removed, and only the snapshot of "
        "version 6 holds them all; it is kept. Load the state from it, or call remove_snapshot() "
        "first if they are not needed any more";
    // Folded without snapshots, or not as far.
    const auto incomplete = stele::load<tally<>>(*store, one);
    CHECK(incomplete.removed.value == 5);
    CHECK(incomplete.state.value == 5);
    CHECK_THROWS_WITH_AS(tallies.take_snapshot("1", incomplete), lost.c_str(), stele::error);
    CHECK_THROWS_WITH_AS(tallies.take_snapshot("1", early), lost.c_str(), stele::error);
    // Folded by code that cannot use it.
    CHECK(changed.load("1").removed.value == 5);
    CHECK(heard() ==
          std::vector{begin + "cannot be used: it was made with another fold_version or snapshot message, and the "
                              "events up to version 5 that it holds were removed from the stream: the state lacks them",
                      begin + "was not written: " + lost});
    // Folded after restore() failed, by a bus that takes one after every fifth event.
    tally<>::faults.restore_throws = true;
    bus_of<> bus{*store, {.on_warning = warn}};
    REQUIRE(bus.send(count("1", {1, 1, 1, 1, 1})));
    tally<>::faults.restore_throws = false;
    CHECK(heard() == std::vector{begin + "cannot be used, so all events are read: cannot restore it",
                                 begin + "was not written: " + lost});
    CHECK(tallies.load("1").state.value == 20);
    CHECK(tallies.load("1").snapshot.value == 11);

    // Without the one that holds them, there is nothing to lose.
    stele::remove_snapshot(*store, one);
    tallies.take_snapshot("1", incomplete);
    CHECK(tallies.load("1").removed.value == 5);
    bus_of<> later{*store, {.on_warning = warn}};
    for (int i = 0; i < 12; ++i) REQUIRE(later.send(increment("1", 1)));
    CHECK(heard().empty());
    CHECK(tallies.load("1").state.value == 22);
    CHECK(tallies.load("1").snapshot.value > 20);
}

STORE_TEST_CASE(store, "after a change of the events, a snapshot still stands for those that were truncated") {
    std::vector<std::string> warnings;
    const auto warn = [&](const std::string& message) { warnings.push_back(message); };
    const stele::repository<tally<>> before{*store, {.on_warning = warn}};
    const stele::repository<tally<more_events>> after{*store, {.on_warning = warn}};
    fill(*store, 6);
    before.take_snapshot("1", before.load("1"));
    REQUIRE(store->truncate_stream(one, version{6}));
    const auto first_sent = store->head();
    fill_more(*store, 7);
    CHECK(after.load("1", {.as_of = first_sent}).state.value == 15);
    const auto known = after.load("1");
    CHECK(known.state.value == 22);
    CHECK(known.removed.value == 0);
    // It has been replaced by one of today, which is as complete.
    REQUIRE(store->truncate_stream(one, version{8}));
    spy_store watched{*store};  // the events alone lead nowhere now, so events_read() has nothing to compare with
    const auto today = stele::repository<tally<more_events>>{watched, {.on_warning = warn}}.load("1");
    CHECK(watched.events_read == 0);
    CHECK(today.state.value == 22);
    CHECK(today.removed.value == 0);
    CHECK(today.version == known.version);
    CHECK(today.position == known.position);
    CHECK(before.load("1").state.value == 22);
    CHECK(warnings.empty());

    REQUIRE(store->delete_stream(one));  // what begins after that is another history
    fill(*store, 2);
    CHECK(after.load("1").state.value == 1);
}

STORE_TEST_CASE(store, "the snapshot of a stream that was deleted and begun again is replaced") {
    const stele::repository<tally<>> tallies{*store};
    fill(*store, 6);
    tallies.take_snapshot("1", tallies.load("1"));
    REQUIRE(store->delete_stream(one));
    fill(*store, 2);
    const auto known = tallies.load("1");
    CHECK(known.removed.value == 6);
    tallies.take_snapshot("1", known);
    CHECK(tallies.load("1").snapshot.value == 8);
}
