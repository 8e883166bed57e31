// What a transaction refuses, and what of it is left when something fails: nothing.

#include "support/counter.hpp"
#include "support/errors.hpp"
#include "support/spy_store.hpp"
#include "support/stores.hpp"
#include "support/tally.hpp"

#include <stele/commands/command_bus.hpp>
#include <stele/eventstore/memory/memory_store.hpp>

#include <stdexcept>
#include <thread>
#include <type_traits>

using namespace testing;

namespace {

using bus_type = stele::command_bus<counter>;
const stele::uuid key = *stele::uuid::parse("3b0f8f0a-5a0f-4b9e-8d7c-0a1f6f2b9c12");

std::int64_t value_of(stele::event_store& store, const std::string& id) {
    return stele::load<counter>(store, stele::stream_of<counter>(id)).state.value;
}

/// A counter whose `evolve` may throw.
struct fragile {
    static constexpr auto category = "fragile";
    static constexpr auto events = hana::tuple_t<Incremented>;
    static constexpr auto commands = hana::tuple_t<Increment>;
    static std::string_view instance_id(const auto& command) { return command.counter(); }
    static inline bool fails = false;
    std::int64_t value = 0;

    stele::decision<fragile> decide(const Increment& command) const {
        return stele::accept(incremented(value + command.by()));
    }
    void evolve(const Incremented& event) {
        if (fails) throw std::runtime_error("cannot evolve");
        value = event.by();
    }
};

}  // namespace

// A transaction cannot be kept: it can be neither copied nor moved.
static_assert(!std::is_copy_constructible_v<stele::transaction> && !std::is_move_constructible_v<stele::transaction>);
static_assert(!std::is_copy_constructible_v<bus_type::typed_transaction>);

STORE_TEST_CASE(store, "a transaction without commands, or without events, appends nothing") {
    bus_type bus{*store};
    const auto none = bus.transact([](auto&) {});
    REQUIRE(none);
    CHECK(none->position.value == 0);
    CHECK(none->streams.empty());
    REQUIRE(bus.send(open("1")));
    const auto unchanged = bus.transact([](auto& tx) { tx.send(increment("1", 0)); });
    REQUIRE(unchanged);
    CHECK(unchanged->position.value == 1);
    CHECK(unchanged->streams.empty());
    CHECK(store->head().value == 1);
}

STORE_TEST_CASE(store, "what the function throws passes through, and nothing is appended") {
    bus_type bus{*store};
    REQUIRE(bus.send(open("1")));
    CHECK_THROWS_WITH_AS(static_cast<void>(bus.transact([](auto& tx) {
                             tx.send(increment("1", 5));
                             throw std::runtime_error("no more");
                         })),
                         "no more", std::runtime_error);
    CHECK(store->head().value == 1);
    CHECK(bus.send(increment("1", 1))->version.value == 2);
    CHECK(value_of(*store, "1") == 1);

    // What one of its commands throws counts even if the function does not care.
    const auto swallowed = error_of([&] {
        static_cast<void>(bus.transact([](auto& tx) {
            tx.send(increment("1", 5));
            try {
                tx.send(increment("\n", 5));
            } catch (const stele::error&) {
            }
        }));
    });
    CHECK(swallowed.says("makes no stream name"));
    CHECK(store->head().value == 2);
}

STORE_TEST_CASE(store, "what `evolve` throws is the fault of the transaction if a later command needs the state") {
    stele::command_bus<fragile> bus{*store};
    fragile::fails = true;
    CHECK_THROWS_WITH_AS(static_cast<void>(bus.transact([](auto& tx) {
                             tx.send(increment("1", 5));
                             tx.send(increment("1", 5));
                         })),
                         "cannot evolve", std::runtime_error);
    CHECK(store->head().value == 0);
    CHECK(bus.transact([](auto& tx) { tx.send(increment("1", 5)); }));
    CHECK(store->head().value == 1);
    fragile::fails = false;
    CHECK(bus.transact([](auto& tx) { tx.send(increment("1", 5)); }));
    CHECK(stele::load<fragile>(*store, stele::stream_of<fragile>("1")).state.value == 10);
}

STORE_TEST_CASE(store, "inside a transaction nothing else is sent over its store") {
    bus_type bus{*store}, other{*store};
    stele::memory_store elsewhere;
    bus_type away{elsewhere};
    REQUIRE(bus.transact([&](auto& tx) {
        tx.send(open("1"));
        for (auto* each : {&bus, &other}) {
            CHECK(error_of([&] { static_cast<void>(each->send(open("2"))); }).says("Inside a transaction"));
            CHECK(error_of([&] { static_cast<void>(each->dispatch("testing.OpenCounter", "")); }).kind ==
                  stele::error_kind::invalid_argument);
            CHECK(error_of([&] { static_cast<void>(each->transact([](auto&) {})); }).says("Inside a transaction"));
        }
        CHECK(away.send(open("2")));
        CHECK(away.transact([&](auto& inner) {
            inner.send(open("3"));
            CHECK(error_of([&] { static_cast<void>(bus.send(open("2"))); }).says("Inside a transaction"));
        }));
    }));
    CHECK(store->head().value == 1);
    CHECK(elsewhere.head().value == 2);
    CHECK(bus.send(open("2")));
}

STORE_TEST_CASE(store, "a transaction is used by the thread that runs it") {
    bus_type bus{*store};
    CHECK(error_of([&] {
              static_cast<void>(bus.transact([](auto& tx) {
                  std::jthread{[&] { CHECK(error_of([&] { tx.send(open("1")); }).says("another thread")); }};
              }));
          }).says("another thread"));
    CHECK(store->head().value == 0);
}

TEST_CASE("a transaction with more events than one append may hold is refused, and nothing is appended") {
    stele::memory_store store{{.append_events = 5}};
    bus_type bus{store};
    REQUIRE(bus.send(open("1")));
    CHECK(error_of([&] {
              static_cast<void>(bus.transact([](auto& tx) {
                  tx.send(count("1", {1, 1, 1}));
                  tx.send(count("2", {1, 1, 1}));
              }));
          }).says("at most 5"));
    CHECK(store.head().value == 1);
    CHECK(bus.transact([](auto& tx) { tx.send(count("1", {1, 1, 1})); }));
}

STORE_TEST_CASE(store, "a transaction over deleted, truncated and tombstoned streams") {
    bus_type bus{*store};
    for (const auto* name : {"1", "2", "3"}) {
        REQUIRE(bus.send(open(name)));
        REQUIRE(bus.send(increment(name, 5)));
    }
    REQUIRE(store->delete_stream(stele::stream_of<counter>("1")));
    REQUIRE(store->truncate_stream(stele::stream_of<counter>("2"), {2}));
    bool was_open = true;
    const auto done = bus.transact([&](auto& tx) {
        tx.send(open("1"));
        tx.send(increment("1", 3));
        was_open = tx.try_send(increment("2", 1)).has_value();  // at first, as the bus has it in memory
        if (!was_open) tx.send(open("2"));
    });
    CHECK_FALSE(was_open);
    REQUIRE(done);
    CHECK(done->streams[0].version.value == 4);
    CHECK(bus.send(increment("1", 1))->version.value == 5);
    CHECK(value_of(*store, "1") == 4);

    REQUIRE(store->tombstone_stream(stele::stream_of<counter>("3")));
    const auto before = store->head();
    const auto refused = bus.transact([](auto& tx) {
        tx.send(increment("1", 1));
        tx.send(count("3", {1}));
    });
    REQUIRE_FALSE(refused);
    CHECK(refused.error().conflict()->reason == stele::conflict_reason::tombstoned);
    CHECK(refused.error().stream().str() == "counter-3");
    CHECK(store->head() == before);
}

STORE_TEST_CASE(store, "a key stands for one transaction or one command") {
    bus_type bus{*store};
    const auto run = [&](const stele::uuid& with) {
        static_cast<void>(bus.transact([](auto& tx) { tx.send(open("2")); }, {.idempotency_key = with}));
    };
    CHECK(error_of([&] { run({}); }).says("nil"));
    REQUIRE(bus.send(open("1"), {.idempotency_key = key}));
    CHECK(error_of([&] { run(key); }).says("was used for testing.OpenCounter for counter-1 before"));
    const auto other = stele::make_idempotency_key(key, "other");
    run(other);
    CHECK(error_of([&] {
              static_cast<void>(bus.send(increment("1", 1), {.idempotency_key = other}));
          }).says("was used for a transaction before"));
    CHECK(store->head().value == 2);
}

STORE_TEST_CASE(store, "every command of a transaction passes through the middleware, which may reject it") {
    std::vector<std::string> lines;
    bus_type bus{
        *store,
        {.middleware = {
             stele::log_commands([&](std::string_view line) { lines.emplace_back(line.substr(0, line.rfind(" ("))); }),
             stele::validate<Increment>([](const Increment& command) {
                 return command.by() != 13 ? std::nullopt : std::optional{stele::reject("unlucky", "13")};
             }),
             [](stele::sent_command& command, const stele::next_step& next) {
                 CHECK(command.is_in_transaction);
                 command.metadata.headers["seen"] = "yes";
                 return next(command);
             }}}};
    CHECK(bus.transact([](auto& tx) { tx.send(open("1")); }));
    const auto refused = bus.transact([](auto& tx) {
        tx.send(open("2"));
        tx.send(increment("2", 13));
    });
    REQUIRE_FALSE(refused);
    CHECK(refused.error().rejection()->code == "unlucky");
    CHECK(store->head().value == 1);
    CHECK(lines == std::vector<std::string>{"testing.OpenCounter for counter-1: version 1, in a transaction",
                                            "testing.OpenCounter for counter-2: version 1, in a transaction",
                                            "testing.Increment for counter-2 was rejected (unlucky): 13"});
    for (const auto& event : store->read_all().events())
        CHECK(stele::decode_metadata(event.metadata).headers.at("seen") == "yes");
}

STORE_TEST_CASE(inner, "after a transaction the bus has its states in memory, and writes the snapshots that are due") {
    spy_store store{*inner};
    const auto three = [](const std::string& name) {
        Count command;
        command.set_counter(name);
        for (int i = 0; i < 3; ++i) command.add_steps(1);
        return command;
    };
    stele::command_bus<tally<>> tallies{store};
    for (int i = 0; i < 2; ++i)
        REQUIRE(tallies.transact([&](auto& tx) {
            tx.send(three("1"));
            tx.send(three("2"));
        }));
    CHECK(inner->list_documents("snapshot").size() == 2);
    store.events_read = 0;
    REQUIRE(tallies.send(three("1")));
    REQUIRE(tallies.transact([&](auto& tx) { tx.send(three("2")); }));
    CHECK(store.events_read == 0);
    CHECK(stele::load<tally<>>(*inner, stele::stream_of<tally<>>("2")).state.value == 9);
}
