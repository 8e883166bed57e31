// The aggregate cache of a command bus: it saves reading, and never decides anything by itself.

#include "support/counter.hpp"
#include "support/spy_store.hpp"
#include "support/stores.hpp"

#include <stele/commands/command_bus.hpp>

#include <stdexcept>
#include <thread>

using namespace testing;

namespace {

using bus_type = stele::command_bus<counter>;
const auto one = stele::stream_of<counter>("1");

std::int64_t value_of(stele::event_store& store, const std::string& id) {
    return stele::load<counter>(store, stele::stream_of<counter>(id)).state.value;
}

/// A counter that fails on demand.
struct fragile {
    static constexpr auto category = "fragile";
    static constexpr auto events = hana::tuple_t<Incremented>;
    static constexpr auto commands = hana::tuple_t<Increment>;
    static std::string_view instance_id(const auto& command) { return command.counter(); }

    static inline bool fails_to_decide = false;
    static inline bool fails_to_evolve = false;
    std::int64_t value = 0;
    std::int64_t evolved = 0;

    stele::decision<fragile> decide(const Increment& command) const {
        if (fails_to_decide) throw std::runtime_error("cannot decide");
        return stele::accept(incremented(value + command.by()));
    }
    void evolve(const Incremented& event) {
        value = event.by();  // fails halfway
        if (fails_to_evolve) throw std::runtime_error("cannot evolve");
        ++evolved;
    }
};

}  // namespace

STORE_TEST_CASE(inner, "commands to the same instance read nothing after the first, unless nothing is kept") {
    spy_store store{*inner};
    bus_type keeps{store};
    REQUIRE(keeps.send(open("1")));
    for (int i = 0; i < 5; ++i) REQUIRE(keeps.send(count("1", {2, -1})));
    CHECK(store.events_read == 0);
    // A rejection is not based on the cache alone: the first and the last event are read again.
    CHECK_FALSE(keeps.send(decrement("1", 6)));
    CHECK(store.events_read == 2);
    CHECK(value_of(*inner, "1") == 5);

    store.events_read = 0;
    bus_type keeps_none{store, {.cached_aggregates = 0}};
    REQUIRE(keeps_none.send(increment("1", 1)));
    REQUIRE(keeps_none.send(increment("1", 1)));
    CHECK(store.events_read == 11 + 12);
    // A copy shares the cache.
    store.events_read = 0;
    bus_type copy = keeps;
    REQUIRE(copy.send(increment("1", 1)));
    REQUIRE(keeps.send(increment("1", 1)));
    CHECK(store.events_read == 4);
}

STORE_TEST_CASE(inner, "events that others have appended are read, whatever was decided without them") {
    spy_store store{*inner};
    bus_type bus{store, {.attempts = 1}};  // using the cache does not count as an attempt
    bus_type other{*inner};
    REQUIRE(bus.send(open("1")));
    const auto others_change = [&](std::int64_t by) {
        REQUIRE(other.send(increment("1", by)));
        store.events_read = 0;
    };

    others_change(5);  // the append meets a conflict
    const auto accepted = bus.send(increment("1", 1));
    REQUIRE(accepted);
    CHECK(accepted->version.value == 3);
    CHECK(store.events_read == 3);

    others_change(5);  // would have been rejected
    CHECK(bus.send(decrement("1", 11)));
    CHECK(store.events_read == 3);

    others_change(3);  // would have changed nothing
    const auto unchanged = bus.send(increment("1", 0));
    REQUIRE(unchanged);
    CHECK(unchanged->version.value == 6);
    CHECK(unchanged->position == inner->head());
    CHECK(store.events_read == 3);

    REQUIRE(other.send(decrement("1", 2)));  // would have been accepted
    const auto rejected = bus.send(decrement("1", 2));
    REQUIRE_FALSE(rejected);
    REQUIRE(rejected.error().rejection());
    CHECK(rejected.error().rejection()->message == "the value is 1, asked 2");
    CHECK(rejected.error().attempts() == 1);
    CHECK(value_of(*inner, "1") == 1);
}

STORE_TEST_CASE(store, "the cached state of a removed stream is not used") {
    bus_type bus{*store};
    REQUIRE(bus.send(open("1")));
    REQUIRE(bus.send(increment("1", 9)));
    REQUIRE(store->delete_stream(one));
    const auto rejected = bus.send(increment("1", 1));
    REQUIRE_FALSE(rejected);
    REQUIRE(rejected.error().rejection());
    CHECK(rejected.error().rejection()->code == "not_open");
    REQUIRE(bus.send(open("1")));
    REQUIRE(bus.send(increment("1", 1)));
    REQUIRE(store->delete_stream(one));
    REQUIRE(bus_type{*store}.send(open("1")));
    REQUIRE(bus.send(increment("1", 2)));
    CHECK(value_of(*store, "1") == 2);

    REQUIRE(store->tombstone_stream(one));
    const auto ended = bus.send(increment("1", 1));
    REQUIRE_FALSE(ended);
    REQUIRE(ended.error().conflict());
    CHECK(ended.error().conflict()->reason == stele::conflict_reason::tombstoned);
    CHECK(ended.error().attempts() == 1);
}

STORE_TEST_CASE(inner, "the cache is bounded, keeps the most recently used states, and none of missing streams") {
    spy_store store{*inner};
    bus_type bus{store, {.cached_aggregates = 2}};
    const auto reads = [&](const std::string& id) {
        store.events_read = 0;
        (void)bus.send(increment(id, 1));
        return store.events_read.load();
    };
    for (const char* id : {"1", "2", "3"}) REQUIRE(bus.send(open(id)));
    CHECK(reads("3") == 0);
    CHECK(reads("2") == 0);
    CHECK(reads("1") == 1);
    CHECK(reads("2") == 0);
    CHECK(reads("3") == 2);
    for (const char* id : {"nobody", "no one", "none"}) CHECK(reads(id) == 0);
    CHECK(reads("2") == 0);
    CHECK(reads("3") == 0);
}

STORE_TEST_CASE(store, "a state is not used again after an exception") {
    stele::command_bus<fragile> bus{*store};
    fragile::fails_to_decide = fragile::fails_to_evolve = false;
    REQUIRE(bus.send(increment("1", 1)));
    fragile::fails_to_decide = true;
    CHECK_THROWS_WITH((void)bus.send(increment("1", 1)), "cannot decide");
    fragile::fails_to_decide = false;
    REQUIRE(bus.send(increment("1", 1)));
    // The event is appended, so the command has succeeded, even if nobody can fold it now.
    fragile::fails_to_evolve = true;
    REQUIRE(bus.send(increment("1", 1)));
    CHECK_THROWS_WITH((void)bus.send(increment("1", 1)), "cannot evolve");
    fragile::fails_to_evolve = false;
    REQUIRE(bus.send(increment("1", 1)));
    const auto now = stele::load<fragile>(*store, stele::stream_of<fragile>("1"));
    CHECK(now.state.value == 4);
    CHECK(now.version.value == 4);
}

STORE_TEST_CASE(inner, "a command sent from within another one to the same instance does not deadlock") {
    spy_store store{*inner};
    bus_type bus{store};
    REQUIRE(bus.send(open("1")));
    bool done = false;
    store.before_append = [&] {
        if (!std::exchange(done, true)) REQUIRE(bus.send(increment("1", 1)));
    };
    REQUIRE(bus.send(increment("1", 10)));
    CHECK(value_of(*inner, "1") == 11);
}

STORE_TEST_CASE(store, "threads that transfer amounts through two buses lose nothing and create nothing") {
    constexpr int counters = 6;
    constexpr int threads = 8;
    constexpr int each = 40;
    bus_type first{*store, {.attempts = 1'000'000, .cached_aggregates = 4}};
    bus_type second{*store, {.attempts = 1'000'000}};
    for (int i = 0; i < counters; ++i) {
        REQUIRE(first.send(open(std::to_string(i))));
        REQUIRE(first.send(increment(std::to_string(i), 20)));
    }
    std::vector<std::int64_t> taken(threads);
    {
        std::vector<std::jthread> workers;
        workers.reserve(threads);
        for (int t = 0; t < threads; ++t)
            workers.emplace_back([&, t] {
                bus_type& bus = t % 2 == 0 ? first : second;
                for (int i = 0; i < each; ++i)
                    if (bus.send(decrement(std::to_string((i * 5 + t) % counters), 1)))
                        ++taken[static_cast<std::size_t>(t)];
            });
    }
    std::int64_t sum = 0;
    for (const auto mine : taken) sum += mine;
    CHECK(sum == counters * 20);  // more was requested than there is
    for (int i = 0; i < counters; ++i) CHECK(value_of(*store, std::to_string(i)) == 0);
}
