// Snapshots: a shorter way to the state of the events, and never to another state.

#include "contract/snapshots/tallies.hpp"

#include <chrono>
#include <stdexcept>
#include <string>
#include <vector>

using namespace testing;
using stele::load_window;
using stele::version;

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
