// Snapshots: a shorter way to the state of the events, and never to another state.

#include "support/spy_store.hpp"
#include "support/stores.hpp"
#include "support/tally.hpp"

#include <stele/aggregates/repository.hpp>
#include <stele/commands/command_bus.hpp>

#include <rapidcheck.h>

#include <algorithm>
#include <numeric>
#include <stdexcept>
#include <string>
#include <vector>

using namespace testing;
using stele::load_window;
using stele::version;

namespace {

const stele::stream_id one{"tally-1"};

template <class Rules = tally_rules>
using bus_of = stele::command_bus<tally<Rules>>;

/// A bus without a cache, so that every command loads.
template <class Rules = tally_rules>
bus_of<Rules> loading_bus(stele::event_store& store) {
    return bus_of<Rules>{store, {.cached_aggregates = 0}};
}

/// Makes a stream of `events` events, without any snapshot.
void fill(stele::event_store& store, int events, const std::string& stream = "tally-1") {
    std::vector<stele::event_data> all{stele::encode(opened("label"))};
    for (int i = 1; i < events; ++i) all.push_back(stele::encode(incremented(i)));
    const stele::stream_id id{stream};
    REQUIRE(store.append(id, stele::expected_version::exactly(store.stream_version(id)), all));
}

bool has_snapshot(stele::event_store& store, const std::string& stream = "tally-1") {
    return store.find_document("snapshot", stream).has_value();
}

/// Loads with the repository, and returns how many events that read. The state must be that of the events.
template <class Rules = tally_rules>
std::size_t events_read(stele::event_store& inner, load_window window = {}) {
    spy_store store{inner};
    const auto known = stele::repository<tally<Rules>>{store}.load("1", window);
    const auto folded = stele::load<tally<Rules>>(inner, one, window);
    CHECK(known.state == folded.state);
    CHECK(known.version == folded.version);
    CHECK(known.position == folded.position);
    return store.events_read;
}

struct more_events : tally_rules {
    static constexpr auto events = hana::tuple_t<CounterOpened, Incremented, Decremented>;
};
struct next_fold : tally_rules {
    static constexpr int fold_version = 2;
};
struct other_snapshot : tally_rules {
    using snapshot_type = OtherTallySnapshot;
};
struct by_hand : tally_rules {
    static constexpr auto policy = stele::snapshot_never();
};
struct after_any_load : tally_rules {
    static constexpr auto policy = stele::snapshot_after_load_slower_than(std::chrono::nanoseconds{-1});
};
struct after_an_hour : tally_rules {
    static constexpr auto policy = stele::snapshot_after_load_slower_than(std::chrono::hours{1});
};

/// Removes the faults of a test after it.
struct faults_of_one_test {
    ~faults_of_one_test() { tally<>::faults = {}; }
};

}  // namespace

STORE_TEST_CASE(store, "a snapshot is taken every n events, and states are loaded from it, even after a restart") {
    {
        bus_of<> bus{*store};
        for (int i = 1; i <= 4; ++i) REQUIRE(bus.send(increment("1", i)));
        CHECK_FALSE(has_snapshot(*store));
        CHECK(events_read(*store) == 4);
        REQUIRE(bus.send(count("1", {10, 20})));  // in steps of two: past the fifth
        CHECK(has_snapshot(*store));
        CHECK(events_read(*store) == 1);
        for (int i = 1; i <= 4; ++i) REQUIRE(bus.send(increment("1", i)));
        CHECK(events_read(*store) == 1 + 4);
    }
    store.reopen();
    auto bus = loading_bus(*store);
    spy_store spy{*store};
    auto spied = loading_bus(spy);
    REQUIRE(spied.send(increment("1", 1)));  // the fifth after the last
    CHECK(spy.events_read == 1 + 4);
    CHECK(events_read(*store) == 1);
    REQUIRE(bus.send(increment("1", 1)));
    CHECK(events_read(*store) == 1 + 1);
    CHECK(stele::verify_snapshot<tally<>>(*store, one) == version{12});
    CHECK(store->head().value == 12);
    CHECK(store->list_documents("snapshot").size() == 1);
}

STORE_TEST_CASE(store, "a snapshot is also taken after a load: when one is missing, or when the load was slow") {
    fill(*store, 7);
    CHECK(events_read<after_any_load>(*store, {.up_to = {6}}) == 6);  // loading an earlier state takes none
    CHECK(events_read<after_an_hour>(*store) == 7);
    CHECK(events_read<by_hand>(*store) == 7);
    CHECK_FALSE(has_snapshot(*store));
    CHECK(events_read(*store) == 7);
    CHECK(events_read(*store) == 1);

    stele::remove_snapshot(*store, one);
    CHECK(events_read<after_any_load>(*store) == 7);
    CHECK(events_read<after_any_load>(*store) == 1);

    // For a command too, even for one that is rejected.
    stele::remove_snapshot(*store, one);
    CHECK_FALSE(loading_bus<after_any_load>(*store).send(increment("1", -1)));
    CHECK(events_read<by_hand>(*store) == 1);

    // By hand, of any loaded state.
    const stele::repository<tally<by_hand>> tallies{*store};
    tallies.take_snapshot("1", tallies.load("1", {.up_to = {3}}));
    CHECK(events_read<by_hand>(*store) == 1 + 4);

    // But not of a missing stream.
    tallies.take_snapshot("2", tallies.load("2"));
    (void)stele::repository<tally<after_any_load>>{*store}.load("2");
    CHECK_FALSE(has_snapshot(*store, "tally-2"));
}

TEST_CASE_TEMPLATE("a snapshot that was made by other code is not used, and replaced", Changed, more_events, next_fold,
                   other_snapshot) {
    for_each_store([](contract_store& store) {
        fill(*store, 4);
        const stele::repository<tally<>> tallies{*store};
        tallies.take_snapshot("1", tallies.load("1"));
        CHECK(events_read(*store) == 1);
        CHECK(events_read<Changed>(*store, {.as_of = store->head()}) == 4);
        CHECK(events_read(*store) == 1);  // loading an earlier state replaces nothing
        CHECK(events_read<Changed>(*store) == 4);
        CHECK(events_read<Changed>(*store) == 1);
        // And by a command, long before the fifth event.
        REQUIRE(loading_bus<>(*store).send(increment("1", 1)));
        CHECK(events_read(*store) == 1);
    });
}

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
          std::vector{begin + "cannot be used: it was made by other code (another fold_version, or other "
                              "messages), and the events up to version 5 that it holds were removed from the "
                              "stream: the state lacks them",
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

STORE_TEST_CASE(store, "a state is saved, and its snapshot taken, only for the instance that it was loaded from") {
    const stele::repository<tally<>> tallies{*store};
    fill(*store, 2);
    fill(*store, 2, "tally-2");
    auto known = tallies.load("1");
    const char* refused =
        "The state was loaded from tally-1 and cannot be used for tally-2: load the instance that is "
        "meant.";
    CHECK_THROWS_WITH_AS((void)tallies.save("2", known, stele::accept(incremented(1))), refused, stele::error);
    CHECK_THROWS_WITH_AS(tallies.take_snapshot("2", known), refused, stele::error);
    CHECK(store->stream_version(stele::stream_id{"tally-2"}).value == 2);
    auto folded = stele::load<tally<>>(*store, one);
    CHECK_THROWS_AS((void)tallies.save("2", folded, stele::accept(incremented(1))), stele::error);
    REQUIRE(tallies.save("1", folded, stele::accept(incremented(1))));
    stele::loaded<tally<>> made;
    REQUIRE(tallies.save("3", made, stele::accept(incremented(1))));
}

STORE_TEST_CASE(store, "loading an earlier state does not use a newer snapshot") {
    fill(*store, 2);
    fill(*store, 3, "tally-2");
    fill(*store, 6);
    CHECK(events_read(*store) == 8);  // takes a snapshot at version 8, position 11
    for (std::uint64_t v = 0; v < 8; ++v) CHECK(events_read(*store, {.up_to = {v}}) == v);
    CHECK(events_read(*store, {.up_to = {8}}) == 1);
    for (std::uint64_t p = 0; p < 11; ++p) {
        const std::size_t before = p < 2 ? p : p < 5 ? 2 : p - 3;
        CHECK(events_read(*store, {.as_of = {p}}) == before);
    }
    CHECK(events_read(*store, {.as_of = {11}}) == 1);
    CHECK(events_read(*store) == 1);
}

STORE_TEST_CASE(inner, "a snapshot that fails is a warning, and the command has succeeded") {
    const faults_of_one_test undo;
    spy_store store{*inner};
    std::vector<std::string> warnings;
    const auto warn = [&](const std::string& message) {
        warnings.push_back(message);
        throw std::logic_error("a warning that fails");
    };
    const auto heard = [&] { return std::exchange(warnings, {}); };
    const std::string begin = "The snapshot of the stream \"tally-1\" ";
    bus_of<> bus{store, {.on_warning = warn}};
    const stele::repository<tally<>> tallies{store, {.on_warning = warn}};

    store.before_document_write = [] { throw stele::error(stele::error_kind::busy, "somebody writes"); };
    REQUIRE(bus.send(count("1", {1, 2, 3, 4, 5})));
    CHECK(heard() == std::vector{begin + "was not written: somebody writes"});
    CHECK(tallies.load("1").state.value == 15);
    CHECK(heard().size() == 1);
    // Even without a warning handler, whatever is thrown.
    store.before_document_write = [] { throw 1; };
    REQUIRE(bus_of<>{store}.send(count("1", {1, 2, 3, 4, 5})));
    CHECK_FALSE(has_snapshot(*inner));
    store.before_document_write = [] {};

    tally<>::faults.snapshot_throws = true;
    REQUIRE(bus.send(count("1", {1, 2, 3, 4, 5})));
    CHECK(heard() == std::vector{begin + "could not be taken: cannot take it"});
    CHECK_THROWS_WITH(tallies.take_snapshot("1", stele::load<tally<>>(store, one)), "cannot take it");
    tally<>::faults = {};

    tallies.take_snapshot("1", tallies.load("1"));
    CHECK(heard().empty());
    store.after_find = [] { throw stele::error(stele::error_kind::io, "nothing can be read"); };
    CHECK(tallies.load("1").state.value == 45);
    store.after_find = [] {};
    tally<>::faults.restore_throws = true;
    CHECK(tallies.load("1").state.value == 45);
    const std::string unused = begin + "cannot be used, so all events are read: ";
    CHECK(heard() == std::vector{unused + "nothing can be read", begin + "was not written: nothing can be read",
                                 unused + "cannot restore it"});
}

STORE_TEST_CASE(store, "verify_snapshot finds what a snapshot forgets, and a fold_version that was not bumped") {
    const faults_of_one_test undo;
    const auto nothing = stele::verify_snapshot<tally<>>(*store, one);
    CHECK(nothing.error() == "Stream \"tally-1\" has no events: nothing was compared.");
    fill(*store, 4);
    const stele::repository<tally<>> tallies{*store};
    tallies.take_snapshot("1", tallies.load("1"));
    fill(*store, 1);
    CHECK(stele::verify_snapshot<tally<>>(*store, one) == version{5});

    tally<>::faults.factor = 10;
    const auto changed = stele::verify_snapshot<tally<>>(*store, one);
    REQUIRE_FALSE(changed);
    CHECK(changed.error() ==
          "Stream \"tally-1\" at version 5: events lead to another state than the stored snapshot of version 4 "
          "and the events after it.\nBump fold_version if evolve has changed; from events -> from the "
          "snapshot:\nmodified: value: 60 -> 6\n");
    tally<>::faults = {.forgets_steps = true};
    const auto forgotten = stele::verify_snapshot<tally<>>(*store, one);
    REQUIRE_FALSE(forgotten);
    CHECK(
        forgotten.error().starts_with("Stream \"tally-1\" at version 3: events lead to another state than a snapshot "
                                      "of version 2 and the events after it.\n"));
    CHECK(forgotten.error().ends_with("snapshot() leaves something out\n"));
}

STORE_TEST_CASE(store, "a repository saves a decision, or returns a conflict if somebody else was first") {
    const stele::repository<tally<>> tallies{*store};
    auto known = tallies.load("1");
    auto late = known;
    const stele::metadata about{
        .correlation_id = "request 9", .causation_id = "event 8", .actor = "someone", .headers = {}};
    const auto first = tallies.save("1", known, known.state.decide(count("1", {1, 2, 3})), about);
    REQUIRE(first);
    CHECK(first->version.value == 3);
    CHECK(first->position.value == 3);
    CHECK(known.state.value == 6);
    for (const stele::recorded_event& event : store->read_stream(one).events())
        CHECK(stele::decode_metadata(event.metadata) == about);

    const auto refused = tallies.save("1", late, stele::accept(incremented(1)));
    REQUIRE_FALSE(refused);
    CHECK(refused.error().actual.value == 3);
    CHECK(late.version.value == 0);
    CHECK(late.state.value == 0);

    const auto nothing = tallies.save("1", known, known.state.decide(increment("1", 0)));
    REQUIRE(nothing);
    CHECK(nothing->version.value == 3);
    CHECK(nothing->position.value == 3);
    CHECK_THROWS_WITH_AS((void)tallies.save("1", known, known.state.decide(increment("1", -1))),
                         "A rejection (negative) for tally-1 cannot be saved. Check is_accepted() before saving.",
                         stele::error);

    REQUIRE(tallies.save("1", known, known.state.decide(count("1", {4, 5}))));
    CHECK(known.version.value == 5);
    CHECK(known.snapshot.value == 5);
    CHECK(events_read(*store) == 1);
    CHECK_THROWS_AS((void)tallies.load(""), stele::error);
}
