#include "support/counter.hpp"
#include "support/stores.hpp"

#include <stele/commands/command_bus.hpp>
#include <stele/eventstore/causation.hpp>
#include <stele/eventstore/subscription.hpp>

#include <doctest/doctest.h>

#include <vector>

using namespace testing;
using namespace std::chrono_literals;

namespace {

struct kept {
    stele::uuid id;
    stele::metadata about;
};

std::vector<kept> events_in(stele::event_store& store) {
    std::vector<kept> all;
    for (const stele::recorded_event& event : store.read_all().events())
        all.push_back({event.id, stele::decode_metadata(event.metadata)});
    return all;
}

stele::recorded_event new_event() {
    stele::recorded_event event{};
    event.id = stele::uuid::v7();
    return event;
}

}  // namespace

TEST_CASE("caused events have the event's id as causation, and its correlation or, without one, its id") {
    auto event = new_event();
    const auto id = event.id.str();
    CHECK(stele::caused_by(event) ==
          stele::metadata{.correlation_id = id, .causation_id = id, .actor = {}, .headers = {}});
    const auto bytes =
        stele::encode({.correlation_id = "r", .causation_id = "c", .actor = "a", .headers = {{"h", ""}}});
    event.metadata = bytes;
    CHECK(stele::caused_by(event) ==
          stele::metadata{.correlation_id = "r", .causation_id = id, .actor = {}, .headers = {}});
    event.metadata = "\xff\xff";  // somebody else's form
    CHECK(stele::caused_by(event) ==
          stele::metadata{.correlation_id = id, .causation_id = id, .actor = {}, .headers = {}});
}

TEST_CASE("what an event of another time causes is of that time, unless the caller says otherwise") {
    const stele::timestamp day = std::chrono::sys_days{std::chrono::year{1993} / 1 / 7};
    auto event = new_event();
    const auto bytes = stele::encode({.occurred_at = day});
    event.metadata = bytes;
    CHECK(stele::caused_by(event).occurred_at == day);
    const stele::causation_scope scope(event);
    const auto time_of = [](stele::metadata about) {
        stele::add_causation(about);
        return about.occurred_at;
    };
    CHECK(time_of({}) == day);
    CHECK(time_of({.occurred_at = day + 1h}) == day + 1h);
    CHECK(time_of({.causation_id = "mine"}) == std::nullopt);
    const auto without = new_event();
    const stele::causation_scope inner(without);
    CHECK(time_of({}) == std::nullopt);
}

// A scope of a temporary would refer to what is gone.
static_assert(!std::constructible_from<stele::causation_scope, stele::recorded_event>);

TEST_CASE("scopes nest, and the caller's own metadata wins") {
    const auto outer = new_event();
    const auto inner = new_event();
    const auto cause = [](stele::metadata about = {}) {
        stele::add_causation(about);
        return about.correlation_id + " " + about.causation_id;
    };
    CHECK(cause() == " ");
    {
        const stele::causation_scope first(outer);
        {
            const stele::causation_scope second(inner);
            CHECK(stele::current_cause() == &inner);
            CHECK(cause() == inner.id.str() + " " + inner.id.str());
        }
        CHECK(cause() == outer.id.str() + " " + outer.id.str());
        CHECK(cause({.correlation_id = "mine", .causation_id = {}, .actor = {}, .headers = {}}) ==
              "mine " + outer.id.str());
        CHECK(cause({.correlation_id = {}, .causation_id = "mine", .actor = {}, .headers = {}}) == " mine");
    }
    CHECK(stele::current_cause() == nullptr);
}

STORE_TEST_CASE(configured,
                "a chain of commands that handlers send is one correlation, and each event names the one before it") {
    stele::event_store& store = *configured;
    stele::command_bus<counter> bus{store};
    REQUIRE(bus.send(open("1")));
    REQUIRE(bus.send(increment("1", 1), {.metadata = {.correlation_id = "request"}}));
    auto subscription = stele::subscribe(store, {.after = {2}}, [&](const stele::recorded_event& event) {
        if (event.version.value < 5) (void)bus.send(increment("1", 1));
    });
    REQUIRE(bus.send(increment("1", 1), {.metadata = {.correlation_id = "request"}}));
    REQUIRE(subscription.wait_for({5}, 1min));
    const auto all = events_in(store);
    REQUIRE(all.size() == 5);
    CHECK(all[2].about.causation_id == "");
    for (const std::size_t i : {3U, 4U}) {
        CHECK(all[i].about.correlation_id == "request");
        CHECK(all[i].about.causation_id == all[i - 1].id.str());
    }
}
