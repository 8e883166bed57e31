#include "support/counter.hpp"
#include "support/spy_store.hpp"

#include <stele/aggregates/load.hpp>
#include <stele/commands/command_bus.hpp>
#include <stele/eventstore/memory/memory_store.hpp>

#include <doctest/doctest.h>

#include <functional>
#include <string>
#include <utility>
#include <vector>

using testing::counter;

namespace {

const auto one = stele::stream_of<counter>("1");

void append(stele::event_store& store, const auto&... events) {
    const std::vector<stele::event_data> batch{stele::encode(events)...};
    REQUIRE(store.append(one, stele::expected_version::any(), batch));
}

std::string load_failure(stele::event_store& store, stele::error_kind kind) {
    try {
        (void)stele::load<counter>(store, one);
    } catch (const stele::error& e) {
        CHECK(e.kind() == kind);
        return e.what();
    }
    return "loaded";
}

/// What happens once while the next state is folded.
std::function<void()> while_evolving;

struct slow_counter : counter {
    void evolve(const auto& event) {
        if (while_evolving) std::exchange(while_evolving, nullptr)();
        counter::evolve(event);
    }
};

}  // namespace

TEST_CASE("the stream of an instance is category-id") {
    CHECK(stele::stream_of<counter>("a-b").str() == "counter-a-b");
    CHECK_THROWS_AS((void)stele::stream_of<counter>(""), stele::error);
}

TEST_CASE("a stream that does not exist loads as the initial state at version 0") {
    stele::memory_store store;
    const auto loaded = stele::load<counter>(store, one);
    CHECK_FALSE(loaded.state.open);
    CHECK(loaded.version.value == 0);
    CHECK(loaded.position.value == 0);
}

TEST_CASE("loading folds the whole stream, or up to a version") {
    stele::store_limits small_batches;
    small_batches.read_batch_events = 2;
    stele::memory_store store{small_batches};
    REQUIRE(store.append(stele::stream_id("other-1"), stele::expected_version::no_stream(),
                         std::vector{stele::encode(testing::opened())}));
    append(store, testing::opened(), testing::incremented(5), testing::incremented(7), testing::decremented(2));

    const auto whole = stele::load<counter>(store, one);
    CHECK(whole.state.open);
    CHECK(whole.state.value == 10);
    CHECK(whole.version.value == 4);
    CHECK(whole.position.value == 5);

    const auto before = stele::load<counter>(store, one, {.up_to = stele::version{2}});
    CHECK(before.state.value == 5);
    CHECK(before.version.value == 2);
    CHECK(before.position.value == 3);
}

TEST_CASE("refreshing reads only new events, and the last known one") {
    stele::memory_store memory;
    testing::spy_store store{memory};
    append(store, testing::opened(), testing::incremented(5), testing::incremented(7));
    auto known = stele::load<counter>(store, one);
    append(store, testing::decremented(1), testing::decremented(1));

    store.events_read = 0;
    stele::refresh(store, one, known);
    CHECK(known.state.value == 10);
    CHECK(known.version.value == 5);
    CHECK(store.events_read == 3);

    store.events_read = 0;
    stele::refresh(store, one, known);
    CHECK(known.state.value == 10);
    CHECK(store.events_read == 1);
}

TEST_CASE("refreshing to an earlier version goes back to it") {
    stele::memory_store store;
    append(store, testing::opened(), testing::incremented(5), testing::incremented(7));
    auto known = stele::load<counter>(store, one);
    stele::refresh(store, one, known, {.up_to = stele::version{2}});
    CHECK(known.state.value == 5);
    CHECK(known.version.value == 2);
}

TEST_CASE("a stream that was deleted and started again in the meantime is folded from its new start") {
    stele::memory_store store;
    append(store, testing::opened(), testing::incremented(5));
    auto known = stele::load<counter>(store, one);
    REQUIRE(store.delete_stream(one));
    REQUIRE(
        store.append(one, stele::expected_version::no_stream(), std::vector{stele::encode(testing::incremented(1))}));
    stele::refresh(store, one, known);
    CHECK_FALSE(known.state.open);
    CHECK(known.state.value == 1);
    CHECK(known.version.value == 3);

    REQUIRE(store.delete_stream(one));
    stele::refresh(store, one, known);
    CHECK(known.state.value == 0);
    CHECK(known.version.value == 0);
}

TEST_CASE("a stream that is truncated, or deleted and begun again, while it is loaded is read again") {
    stele::memory_store store{{.read_batch_events = 2}};
    append(store, testing::opened(), testing::incremented(1), testing::incremented(2), testing::incremented(3),
           testing::incremented(4));
    SUBCASE("truncated") {
        while_evolving = [&] { REQUIRE(store.truncate_stream(one, stele::version{5})); };
        const auto known = stele::load<slow_counter>(store, one);
        CHECK(known.state.value == 4);
        CHECK(known.version.value == 5);
    }
    SUBCASE("deleted and begun again") {
        while_evolving = [&] {
            REQUIRE(store.delete_stream(one));
            REQUIRE(store.append(one, stele::expected_version::no_stream(),
                                 std::vector{stele::encode(testing::incremented(7))}));
        };
        const auto known = stele::load<slow_counter>(store, one);
        CHECK(known.state.value == 7);
        CHECK(known.version.value == 6);
    }
}

TEST_CASE("an aggregate whose events were all truncated is at the version of its stream, and can be written to") {
    stele::memory_store store;
    append(store, testing::opened(), testing::incremented(5));
    REQUIRE(store.truncate_stream(one, stele::version{3}));
    auto known = stele::load<counter>(store, one);
    CHECK(known.version.value == 2);
    CHECK(known.position.value == 0);
    CHECK(known.state.value == 0);
    stele::refresh(store, one, known);
    CHECK(known.version.value == 2);
    stele::command_bus<counter> bus{store};
    CHECK(bus.send(testing::open("1"))->version.value == 3);
    stele::refresh(store, one, known);
    CHECK(known.state.open);
    CHECK(known.version.value == 3);
}

TEST_CASE("a foreign event stops loading, naming event and aggregate") {
    stele::memory_store store;
    append(store, testing::opened(), testing::NobodyKnows{});
    CHECK(load_failure(store, stele::error_kind::undecodable) ==
          "The event of type \"testing.NobodyKnows\" at position 2 (stream \"counter-1\", version 2) is of a type that "
          "aggregate \"counter\" does not know. Add the message to its list of events, or to its ignored ones; if "
          "it is an older form of one of its events, upcast it or give it an alias (docs/changing-events.md); if a "
          "newer version of this program has written it, run that one.");
}

TEST_CASE("bytes that do not parse stop loading") {
    stele::memory_store store;
    const stele::event_data broken{.type = "testing.Incremented", .payload = "\xff", .metadata = {}};
    REQUIRE(store.append(one, stele::expected_version::no_stream(), std::vector{broken}));
    CHECK(load_failure(store, stele::error_kind::undecodable).find("its 1 bytes do not parse") != std::string::npos);
}

TEST_CASE("a stream with a version missing is not folded") {
    stele::memory_store memory;
    testing::spy_store store{memory};
    append(store, testing::opened(), testing::incremented(5), testing::incremented(7));
    store.hide_version = {2};
    CHECK(load_failure(store, stele::error_kind::corrupt) ==
          "Stream \"counter-1\" goes from version 1 to 3: events are missing, so its state is unknown.");
}

TEST_CASE("an evolver folds events that the caller reads") {
    stele::memory_store store;
    append(store, testing::opened(), testing::incremented(5), testing::decremented(2));
    stele::evolver<counter> evolve;
    counter state;
    std::vector<std::int64_t> values;
    for (const stele::recorded_event& event : store.read_stream(one).events()) {
        evolve(state, event);
        values.push_back(state.value);
    }
    CHECK(values == std::vector<std::int64_t>{0, 5, 3});
}

TEST_CASE("a decision is events or a rejection, and no event can be added to a rejection") {
    stele::decision<counter> yes = stele::accept(testing::opened());
    yes.add(testing::incremented(3));
    CHECK(yes.is_accepted());
    CHECK(yes.rejection() == nullptr);
    REQUIRE(yes.events().size() == 2);
    CHECK(yes.events()[1]->GetDescriptor()->full_name() == "testing.Incremented");

    const auto chain = stele::decision<counter>{stele::no_change()}.add(testing::opened()).add(testing::incremented(1));
    CHECK(chain.events().size() == 2);

    stele::decision<counter> no = stele::reject("too_late", "it is {} already", "noon");
    CHECK_FALSE(no.is_accepted());
    CHECK(no.events().empty());
    REQUIRE(no.rejection() != nullptr);
    CHECK(*no.rejection() == stele::rejection{"too_late", "it is noon already"});
    CHECK_THROWS_AS(no.add(testing::opened()), stele::error);
}

TEST_CASE("a decision may be chosen by a condition, whichever of its answers is which") {
    const auto decide = [](bool enough) -> stele::decision<counter> {
        return enough ? stele::accept(testing::opened()) : stele::reject("no", "not enough");
    };
    CHECK(decide(true).is_accepted());
    CHECK_FALSE(decide(false).is_accepted());
    const auto reversed = [](bool enough) -> stele::decision<counter> {
        return !enough ? stele::reject("no", "{} is not enough", 1)
                       : stele::accept(testing::opened(), testing::opened());
    };
    const auto two = reversed(true);
    CHECK(two.events().size() == 2);
    const auto rejected = reversed(false);
    REQUIRE(rejected.rejection() != nullptr);
    CHECK(rejected.rejection()->message == "1 is not enough");
    CHECK(rejected.events().empty());
    const auto maybe = [](bool change) -> stele::decision<counter> {
        return change ? stele::accept(testing::opened()) : stele::no_change();
    };
    const auto changed = maybe(true);
    const auto unchanged = maybe(false);
    CHECK(changed.events().size() == 1);
    CHECK(unchanged.is_accepted());
    CHECK(unchanged.events().empty());
    const auto none = [](bool fine) -> stele::decision<counter> {
        return fine ? stele::no_change() : stele::reject("no", "not so");
    };
    CHECK(none(true).is_accepted());
    CHECK_FALSE(none(false).is_accepted());
}

TEST_CASE("the text of a rejection may be made at run time, and is taken as it is") {
    const std::string text = "100 {} sure";
    const std::string_view view = text;
    const char* pointer = text.c_str();
    CHECK(stele::reject("a", text).message == text);
    CHECK(stele::reject("a", view).message == text);
    CHECK(stele::reject("a", pointer).message == text);
    CHECK(stele::reject("a", text + "!").message == text + "!");
    CHECK(stele::reject("a", "100 {} sure", text).message == "100 " + text + " sure");
    CHECK(stele::reject("a", "100 {{}} sure").message == text);
}
