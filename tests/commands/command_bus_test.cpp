#include "support/counter.hpp"
#include "support/spy_store.hpp"

#include <stele/commands/command_bus.hpp>
#include <stele/eventstore/memory/memory_store.hpp>

#include <doctest/doctest.h>

#include <atomic>
#include <string>
#include <thread>
#include <vector>

using namespace testing;

namespace {

const auto one = stele::stream_of<counter>("1");

/// A second aggregate for the bus: remembers authors. Its state cannot be assigned.
struct library {
    static constexpr auto category = "library";
    static constexpr auto events = hana::tuple_t<Author>;
    static constexpr auto commands = hana::tuple_t<Author>;
    static std::string instance_id(const Author& command) { return std::to_string(command.born()); }

    const int floors = 3;
    int books = 0;

    stele::decision<library> decide(const Author& command) const { return stele::accept(command); }
    void evolve(const Author&) { ++books; }
};

using bus_type = stele::command_bus<counter, library>;

std::vector<std::string> types_in(stele::event_store& store) {
    std::vector<std::string> types;
    for (const stele::recorded_event& event : store.read_all().events()) types.emplace_back(event.type);
    return types;
}

std::vector<stele::metadata> metadata_in(stele::event_store& store) {
    std::vector<stele::metadata> all;
    for (const stele::recorded_event& event : store.read_all().events())
        all.push_back(stele::decode_metadata(event.metadata));
    return all;
}

std::string send_failure(stele::event_store& store, const auto& command, const stele::metadata& about = {}) {
    bus_type bus{store};
    const auto head = store.head();
    try {
        (void)bus.send(command, {.metadata = about});
    } catch (const stele::error& e) {
        CHECK(e.kind() == stele::error_kind::invalid_argument);
        CHECK(store.head() == head);
        return e.what();
    }
    return "sent";
}

/// An append by somebody else, unknown to the bus.
void append(stele::event_store& store, const google::protobuf::Message& event) {
    REQUIRE(store.append(one, stele::expected_version::any(), std::vector{stele::encode(event)}));
}

}  // namespace

TEST_CASE("an accepted command appends its events and returns their version and position") {
    stele::memory_store store;
    bus_type bus{store};
    const auto first = bus.send(open("1", "label"));
    REQUIRE(first);
    CHECK(first->stream == one);
    CHECK(first->version.value == 1);
    CHECK(first->position.value == 1);

    Author author;
    author.set_born(1815);
    const auto other = bus.send(author);
    REQUIRE(other);
    CHECK(other->stream.str() == "library-1815");

    const auto third = bus.send(count("1", {3, -1, 4}));
    REQUIRE(third);
    CHECK(third->version.value == 4);
    CHECK(third->position.value == 5);
    CHECK(types_in(store) == std::vector<std::string>{"testing.CounterOpened", "testing.Author", "testing.Incremented",
                                                      "testing.Decremented", "testing.Incremented"});
    CHECK(stele::load<counter>(store, one).state.value == 6);
}

TEST_CASE("a command is decided on the state that the stream folds to") {
    stele::memory_store store;
    bus_type bus{store};
    REQUIRE(bus.send(open("1")));
    REQUIRE(bus.send(increment("1", 3)));
    const auto result = bus.send(decrement("1", 4));
    REQUIRE_FALSE(result);
    CHECK(store.head().value == 2);
    const stele::command_error& error = result.error();
    REQUIRE(error.rejection() != nullptr);
    CHECK(error.conflict() == nullptr);
    CHECK(error.rejection()->code == "below_zero");
    CHECK(error.command() == "testing.Decrement");
    CHECK(error.stream() == one);
    CHECK(error.attempts() == 1);
    CHECK(error.message() == "testing.Decrement for counter-1 was rejected (below_zero): the value is 3, asked 4");
    CHECK(bus.send(decrement("1", 3)));
}

TEST_CASE("a command that expects a version is decided there, and is a conflict elsewhere") {
    stele::memory_store store;
    for (const auto cached : {std::size_t{0}, std::size_t{10}}) {
        CAPTURE(cached);
        bus_type bus{store, {.cached_aggregates = cached}};
        const auto seen = store.stream_version(one);
        const auto wanted = stele::expected_version::exactly(seen);
        const auto first = seen.value == 0 ? bus.send(open("1"), {.expected = wanted})
                                           : bus.send(increment("1", 1), {.expected = wanted});
        REQUIRE(first);
        // The bus has the state in its cache; somebody else goes on.
        append(store, incremented(2));
        const auto late = bus.send(increment("1", 1), {.expected = stele::expected_version::exactly({seen.value + 1})});
        REQUIRE_FALSE(late);
        REQUIRE(late.error().conflict() != nullptr);
        CHECK(late.error().conflict()->actual.value == seen.value + 2);
        CHECK(late.error().conflict()->expected == stele::expected_version::exactly({seen.value + 1}));
        // Also where the decision would be a rejection, or nothing.
        CHECK(bus.send(decrement("1", 1000), {.expected = wanted}).error().conflict().has_value());
        CHECK(bus.send(increment("1", 0), {.expected = wanted}).error().conflict().has_value());
        CHECK(bus.send(increment("1", 1), {.expected = stele::expected_version::exactly({seen.value + 2})}));
        CHECK(store.stream_version(one).value == seen.value + 3);
    }
    bus_type bus{store};
    CHECK(bus.send(increment("none", 1), {.expected = stele::expected_version::stream_exists()})
              .error()
              .conflict()
              .has_value());
}

TEST_CASE("of commands that expect one version, sent by many threads, one is accepted") {
    stele::memory_store store;
    bus_type bus{store};
    REQUIRE(bus.send(open("1")));
    for (int round = 0; round < 50; ++round) {
        const auto wanted = stele::expected_version::exactly(store.stream_version(one));
        std::atomic<int> accepted = 0;
        {
            std::vector<std::jthread> threads;
            for (int i = 0; i < 4; ++i)
                threads.emplace_back([&] { accepted += bus.send(increment("1", 1), {.expected = wanted}) ? 1 : 0; });
        }
        CHECK(accepted == 1);
    }
}

TEST_CASE("a repeated command gets its receipt, whatever it expects") {
    stele::memory_store store;
    bus_type bus{store};
    const stele::send_options once{.idempotency_key = stele::uuid::v7(),
                                   .expected = stele::expected_version::no_stream()};
    REQUIRE(bus.send(open("1"), once));
    const auto again = bus.send(open("1"), once);
    REQUIRE(again);
    CHECK(again->repeated);
    CHECK(again->events.empty());
}

TEST_CASE("a receipt has the events that were appended, as they are stored") {
    stele::memory_store store;
    bus_type bus{store};
    REQUIRE(bus.send(open("1")));
    const auto receipt = bus.send(count("1", {3, -1}));
    REQUIRE(receipt);
    REQUIRE(receipt->events.size() == 2);
    std::size_t i = 0;
    for (const auto& event : store.read_stream(one, {.after = {1}}).events()) {
        CHECK(event.id == receipt->events[i].id);
        CHECK(event.type == receipt->events[i].type);
        CHECK(event.payload == receipt->events[i].payload);
        CHECK(event.metadata == receipt->events[i].metadata);
        ++i;
    }
    CHECK(bus.send(increment("1", 0))->events.empty());
}

TEST_CASE("a command that changes nothing returns the version of the stream") {
    stele::memory_store store;
    bus_type bus{store};
    REQUIRE(bus.send(open("2")));
    REQUIRE(bus.send(open("1")));
    REQUIRE(bus.send(increment("2", 1)));
    const auto receipt = bus.send(increment("1", 0));
    REQUIRE(receipt);
    CHECK(receipt->stream == one);
    CHECK(receipt->version.value == 1);
    CHECK(receipt->position.value == 2);
    CHECK(store.head().value == 3);

    const auto nowhere = bus.send(count("3", {}));
    REQUIRE(nowhere);
    CHECK(nowhere->version.value == 0);
    CHECK(nowhere->position.value == 0);
}

TEST_CASE("all events of a command carry its metadata, and a correlation id is made if there is none") {
    stele::memory_store store;
    bus_type bus{store};
    const stele::metadata about{
        .correlation_id = "request 9", .causation_id = "event 8", .actor = "someone", .headers = {{"ip", "::1"}}};
    REQUIRE(bus.send(count("1", {1, 2}), {.metadata = about}));
    CHECK(metadata_in(store) == std::vector{about, about});

    REQUIRE(bus.send(count("1", {1, 2}), {.metadata = {.actor = "a"}}));
    REQUIRE(bus.send(count("1", {1})));
    const auto all = metadata_in(store);
    CHECK(all[2].actor == "a");
    CHECK(all[2] == all[3]);
    const auto made = stele::uuid::parse(all[2].correlation_id);
    REQUIRE(made);
    CHECK((made->bytes[6] >> 4) == 7);
    CHECK(all[4].correlation_id != all[2].correlation_id);
}

TEST_CASE("on a conflict the command is decided again on the new state, reading only new events") {
    stele::memory_store memory;
    spy_store store{memory};
    bus_type bus{store, {.cached_aggregates = 0}};
    REQUIRE(bus.send(open("1")));
    REQUIRE(bus.send(count("1", {1, 1, 1, 1, 1})));
    int interruptions = 0;
    store.before_append = [&] {
        if (interruptions++ < 2) append(memory, decremented(2));
    };

    store.events_read = 0;
    const auto receipt = bus.send(increment("1", 10));
    REQUIRE(receipt);
    CHECK(interruptions == 3);
    CHECK(receipt->version.value == 9);
    CHECK(stele::load<counter>(memory, one).state.value == 11);
    // The whole stream once, then each time the last known event and the new one.
    CHECK(store.events_read == 6 + (1 + 2) + (1 + 2));  // each time also the first, which shows that none was removed
}

TEST_CASE("a command may be rejected after a conflict") {
    stele::memory_store memory;
    spy_store store{memory};
    bus_type bus{store, {.cached_aggregates = 0}};
    REQUIRE(bus.send(open("1")));
    REQUIRE(bus.send(increment("1", 3)));
    store.before_append = [&] { append(memory, decremented(2)); };
    const auto result = bus.send(decrement("1", 3));
    REQUIRE_FALSE(result);
    REQUIRE(result.error().rejection() != nullptr);
    CHECK(result.error().rejection()->message == "the value is 1, asked 3");
    CHECK(result.error().attempts() == 2);
}

TEST_CASE("the attempts are bounded, then the conflict is returned and nothing was appended") {
    for (const unsigned attempts : {1U, 3U, stele::command_bus_options{}.attempts}) {
        stele::memory_store memory;
        spy_store store{memory};
        append(memory, opened());
        unsigned interruptions = 0;
        store.before_append = [&] {
            ++interruptions;
            append(memory, incremented(1));
        };
        bus_type bus{store, {.attempts = attempts}};
        const auto result = bus.send(count("1", {100}));
        REQUIRE_FALSE(result);
        const auto* conflict = result.error().conflict();
        REQUIRE(conflict != nullptr);
        CHECK(result.error().rejection() == nullptr);
        CHECK(interruptions == attempts);
        CHECK(result.error().attempts() == attempts);
        CHECK(conflict->stream == one);
        CHECK(conflict->actual.value == attempts + 1);
        CHECK(result.error().message() == "testing.Count for counter-1 failed after " + std::to_string(attempts) +
                                              (attempts == 1 ? " attempt: " : " attempts: ") + conflict->message());
        CHECK(stele::load<counter>(memory, one).state.value == attempts);
    }
    stele::memory_store store;
    CHECK_THROWS_AS((bus_type{store, {.attempts = 0}}), stele::error);
}

TEST_CASE("a stream deleted in the meantime starts again, and a tombstoned one is a conflict immediately") {
    stele::memory_store memory;
    spy_store store{memory};
    bus_type bus{store};
    REQUIRE(bus.send(open("1")));
    bool done = false;
    store.before_append = [&] {
        if (!std::exchange(done, true)) REQUIRE(memory.delete_stream(one));
    };
    const auto rejected = bus.send(increment("1", 1));
    REQUIRE_FALSE(rejected);
    REQUIRE(rejected.error().rejection() != nullptr);
    CHECK(rejected.error().rejection()->code == "not_open");
    REQUIRE(bus.send(open("1")));
    CHECK(stele::load<counter>(memory, one).version.value == 2);

    int appends = 0;
    store.before_append = [&] {
        if (++appends == 1) REQUIRE(memory.tombstone_stream(one));
    };
    const auto ended = bus.send(increment("1", 1));
    REQUIRE_FALSE(ended);
    REQUIRE(ended.error().conflict() != nullptr);
    CHECK(ended.error().conflict()->reason == stele::conflict_reason::tombstoned);
    CHECK(appends == 1);
    // Also for a bus that has nothing in memory, whose counter is not open.
    bus_type cold{memory};
    for (const auto& no :
         {cold.send(increment("1", 1)).error(), cold.transact([](auto& tx) { tx.send(increment("1", 1)); }).error()}) {
        REQUIRE(no.conflict() != nullptr);
        CHECK(no.conflict()->reason == stele::conflict_reason::tombstoned);
    }
}

TEST_CASE("a state that cannot be assigned also starts again") {
    stele::memory_store memory;
    spy_store store{memory};
    bus_type bus{store};
    Author author;
    author.set_born(1);
    REQUIRE(bus.send(author));
    bool done = false;
    store.before_append = [&] {
        if (!std::exchange(done, true)) REQUIRE(memory.delete_stream(stele::stream_of<library>("1")));
    };
    REQUIRE(bus.send(author));
    CHECK(stele::load<library>(memory, stele::stream_of<library>("1")).state.books == 1);
}

TEST_CASE("an instance id that is not a valid stream name is refused, naming the command") {
    stele::memory_store store;
    CHECK(send_failure(store, increment("", 1))
              .starts_with("The instance id of the command testing.Increment makes no stream name: "));
    CHECK(send_failure(store, increment("a\nb", 1))
              .starts_with("The instance id of the command testing.Increment makes no stream name: "));
    CHECK(send_failure(store, increment(std::string(600, 'x'), 1))
              .starts_with("The instance id of the command testing.Increment makes no stream name: "));
    CHECK(send_failure(store, increment("\xff", 1))
              .starts_with("The instance id of the command testing.Increment makes no stream name: "));
}

TEST_CASE("an event or metadata that could not be read again is refused, and nothing is appended") {
    stele::memory_store store;
    CHECK(send_failure(store, open("1", "\xff")).find("field \"label\"") != std::string::npos);
    const stele::metadata about{.correlation_id = {}, .causation_id = {}, .actor = "\xff", .headers = {}};
    CHECK(send_failure(store, open("1"), about).find("actor") != std::string::npos);
}

TEST_CASE("commands from many threads to one instance are each decided on the latest state") {
    constexpr int threads = 4;
    constexpr int each = 100;
    stele::memory_store store;
    bus_type bus{store, {.attempts = 1'000'000}};
    REQUIRE(bus.send(open("1")));
    REQUIRE(bus.send(increment("1", threads * each / 2)));
    std::vector<int> accepted(threads);
    {
        std::vector<std::jthread> workers;
        workers.reserve(threads);
        for (int& mine : accepted)
            workers.emplace_back([&bus, &mine] {
                for (int i = 0; i < each; ++i) mine += bus.send(decrement("1", 1)) ? 1 : 0;
            });
    }
    // Twice as much was requested as there is: exactly half is accepted.
    int sum = 0;
    for (const int mine : accepted) sum += mine;
    CHECK(sum == threads * each / 2);
    CHECK(stele::load<counter>(store, one).state.value == 0);
}
