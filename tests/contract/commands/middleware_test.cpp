#include "support/counter.hpp"
#include "support/errors.hpp"
#include "support/spy_store.hpp"
#include "support/stores.hpp"

#include <stele/codec/codec.hpp>
#include <stele/commands/command_bus.hpp>

#include <doctest/doctest.h>

#include <string>
#include <thread>
#include <vector>

using namespace testing;
using namespace std::chrono_literals;

namespace {

using bus_type = stele::command_bus<counter>;
using texts = std::vector<std::string>;

const auto one = stele::stream_of<counter>("1");

stele::send_options by(const std::string& actor) {
    return {.metadata = {.actor = actor}};
}

stele::metadata last_metadata(stele::event_store& store) {
    for (const stele::recorded_event& event :
         store.read_all({.direction = stele::direction::backward, .limit = 1}).events())
        return stele::decode_metadata(event.metadata);
    return {};
}

std::string code_of(const stele::command_result& result) {
    if (result) return "accepted";
    return result.error().rejection() != nullptr ? result.error().rejection()->code : "conflict";
}

/// Up to the time, which differs each time.
std::string without_time(std::string_view line) {
    return std::string(line.substr(0, line.rfind(" (")));
}

}  // namespace

STORE_TEST_CASE(configured, "the first middleware is the outermost, and each sees the command and its result") {
    stele::event_store& store = *configured;
    texts told;
    const auto teller = [&](const std::string& name) {
        return [&told, name](stele::sent_command& command, const stele::next_step& next) {
            told.push_back(name + " " + command.type() + " " + command.stream.str());
            auto result = next(command);
            told.push_back(name + " " + std::to_string(result->version.value));
            return result;
        };
    };
    bus_type bus{store, {.middleware = {teller("outer"), teller("inner")}}};
    REQUIRE(bus.send(open("1")));
    CHECK(told ==
          texts{"outer testing.OpenCounter counter-1", "inner testing.OpenCounter counter-1", "inner 1", "outer 1"});
}

STORE_TEST_CASE(configured, "a middleware may change what the events carry, answer itself, and send again") {
    stele::event_store& store = *configured;
    stele::metadata seen;
    bool twice = false;
    const auto name_host = [&](stele::sent_command& command, const stele::next_step& next) {
        seen = command.metadata;
        command.metadata.headers["host"] = "here";
        return next(command);
    };
    const auto never_decrement = [&](stele::sent_command& command, const stele::next_step& next) {
        if (command.message.GetDescriptor() == Decrement::descriptor())
            return stele::reject_sent(command, {.code = "never", .message = "no"});
        if (twice) (void)next(command);
        return next(command);
    };
    bus_type bus{store, {.middleware = {name_host, never_decrement}}};
    REQUIRE(bus.send(open("1"), by("a")));
    CHECK(stele::uuid::parse(seen.correlation_id));
    CHECK(last_metadata(store).correlation_id == seen.correlation_id);
    CHECK(last_metadata(store).headers.at("host") == "here");
    CHECK(last_metadata(store).actor == "a");

    const auto no = bus.send(decrement("1", 1));
    CHECK(code_of(no) == "never");
    CHECK(no.error().attempts() == 0);
    CHECK(no.error().message() == "testing.Decrement for counter-1 was rejected (never): no");
    twice = true;
    CHECK(bus.send(increment("1", 2))->version.value == 3);
    CHECK(stele::load<counter>(store, one).state.value == 4);
    // With an idempotency key the effect is that of one.
    CHECK(bus.send(increment("1", 2), {.idempotency_key = stele::uuid::v7()})->repeated);
    CHECK(stele::load<counter>(store, one).state.value == 6);
}

STORE_TEST_CASE(configured, "a middleware cannot pass on another command than the one that was checked") {
    const auto replaces = [other = increment("1", 1000)](stele::sent_command& command, const stele::next_step& next) {
        stele::sent_command replaced{other, command.stream, command.options, command.metadata};
        return command.message.GetDescriptor() == Increment::descriptor() ? next(replaced) : next(command);
    };
    bus_type bus{*configured, {.middleware = {replaces}}};
    REQUIRE(bus.send(open("1")));
    const auto refused = error_of([&] { (void)bus.send(increment("1", 1)); });
    CHECK(refused.kind == stele::error_kind::invalid_argument);
    CHECK(refused.says("another command than the testing.Increment for counter-1"));
    CHECK(configured->head().value == 1);
}

STORE_TEST_CASE(configured, "each command is logged in one line, whatever its outcome") {
    stele::event_store& store = *configured;
    texts lines;
    bus_type bus{store,
                 {.middleware = {stele::log_commands([&](std::string_view line) { lines.emplace_back(line); })}}};
    const stele::send_options again{.idempotency_key = stele::uuid::v7()};
    (void)bus.send(open("1"), again);
    (void)bus.send(open("1"), again);
    (void)bus.send(increment("2", 1));
    CHECK_THROWS_AS((void)bus.send(open("3", "\xff")), stele::error);
    REQUIRE(lines.size() == 4);
    CHECK(lines[0].ends_with(" ms)"));
    CHECK(without_time(lines[0]) == "testing.OpenCounter for counter-1: version 1, position 1");
    CHECK(without_time(lines[1]) == "testing.OpenCounter for counter-1: version 1, position 1, repeated");
    CHECK(without_time(lines[2]) == "testing.Increment for counter-2 was rejected (not_open): open the counter first");
    CHECK(lines[3].starts_with("testing.OpenCounter for counter-3 failed: testing.CounterOpened"));
}

STORE_TEST_CASE(configured, "a line of the log stays one line, whatever texts the outside puts in") {
    texts lines;
    const auto hostile = [](stele::sent_command& command, const stele::next_step&) -> stele::command_result {
        if (command.metadata.actor == "error") throw std::runtime_error{"first\nsecond"};
        if (command.metadata.actor == "number") throw 42;
        return stele::reject_sent(command, {.code = "no", .message = "a\r\nb\x1b[31m\tc\x7f é"});
    };
    bus_type bus{
        *configured,
        {.middleware = {stele::log_commands([&](std::string_view line) { lines.emplace_back(line); }), hostile}}};
    CHECK(code_of(bus.send(open("1"))) == "no");
    CHECK_THROWS_AS((void)bus.send(open("1"), by("error")), std::runtime_error);
    CHECK_THROWS_AS((void)bus.send(open("1"), by("number")), int);
    REQUIRE(lines.size() == 3);
    CHECK(without_time(lines[0]) ==
          "testing.OpenCounter for counter-1 was rejected (no): a\\r\\nb\\x1b[31m\\tc\\x7f é");
    CHECK(without_time(lines[1]) == "testing.OpenCounter for counter-1 failed: first\\nsecond");
    CHECK(without_time(lines[2]) ==
          "testing.OpenCounter for counter-1 failed: an exception that is not a std::exception");
}

TEST_CASE("a middleware of an empty function is refused where it is made") {
    const auto says = [](const auto& make) { return error_of(make).message; };
    CHECK(says([] { (void)stele::log_commands({}); }) == "log_commands: the function is empty; pass one.");
    CHECK(says([] { (void)stele::time_commands({}); }) == "time_commands: the function is empty; pass one.");
    CHECK(says([] { (void)stele::authorize({}); }) == "authorize: the function is empty; pass one.");
    const std::function<std::optional<stele::rejection>(const Increment&)> none;
    CHECK(says([&] { (void)stele::validate<Increment>(none); }) == "validate: the function is empty; pass one.");
    stele::memory_store store;
    CHECK(says([&] { bus_type{store, {.middleware = {stele::middleware{}}}}; }) ==
          "command_bus_options::middleware holds an empty function: pass one that returns next(command).");
}

TEST_CASE("a bus refuses to validate a command that it does not decide") {
    stele::memory_store store;
    const auto check = [](const Author&) -> std::optional<stele::rejection> { return {}; };
    const auto refused = error_of([&] { bus_type{store, {.middleware = {stele::validate<Author>(check)}}}; });
    CHECK(refused.kind == stele::error_kind::invalid_argument);
    CHECK(refused.message ==
          "validate<testing.Author>: no aggregate of this bus decides the command testing.Author, so it would never be "
          "checked. Add its aggregate to the bus, or leave the check out.");
}

STORE_TEST_CASE(configured, "each command is timed, even one that fails") {
    stele::event_store& store = *configured;
    texts timed;
    const auto record = [&](const stele::sent_command& command, std::chrono::nanoseconds taken) {
        CHECK(taken.count() > 0);
        timed.push_back(command.type());
    };
    bus_type bus{store, {.middleware = {stele::time_commands(record)}}};
    (void)bus.send(open("1"));
    (void)bus.send(decrement("1", 1));
    CHECK_THROWS_AS((void)bus.send(open("3", "\xff")), stele::error);
    CHECK(timed == texts{"testing.OpenCounter", "testing.Decrement", "testing.OpenCounter"});
}

STORE_TEST_CASE(configured, "a report that fails takes nothing from the command") {
    const auto log = [](std::string_view) { throw std::runtime_error("the disk of the log is full"); };
    const auto record = [](const stele::sent_command&, std::chrono::nanoseconds) { throw std::runtime_error("no"); };
    bus_type bus{*configured, {.middleware = {stele::log_commands(log), stele::time_commands(record)}}};
    CHECK(bus.send(open("1")));
    CHECK(code_of(bus.send(decrement("1", 1))) != "");
    CHECK_THROWS_AS((void)bus.send(open("3", "\xff")), stele::error);
    CHECK(configured->head() == stele::position{1});
}

STORE_TEST_CASE(configured, "what a middleware throws after the command takes nothing from it") {
    bool throws = true;
    const auto late = [&](stele::sent_command& command, const stele::next_step& next) {
        auto result = next(command);
        if (throws) throw std::runtime_error("after the command");
        return result;
    };
    for (const std::size_t cached : {0U, 100U}) {
        bus_type bus{*configured, {.cached_aggregates = cached, .middleware = {late}}};
        const auto name = std::to_string(cached);
        const auto key = stele::uuid::v7();
        throws = true;
        const auto before = configured->head();
        CHECK_THROWS_AS((void)bus.send(open(name)), std::runtime_error);
        CHECK_THROWS_AS((void)bus.send(increment(name, 2), {.idempotency_key = key}), std::runtime_error);
        CHECK_THROWS_AS((void)bus.send(increment(name, 3)), std::runtime_error);  // without a key: once, too
        CHECK_THROWS_AS((void)bus.send(decrement(name, 9)), std::runtime_error);
        CHECK(configured->head().value == before.value + 3);
        throws = false;
        const auto again = bus.send(increment(name, 2), {.idempotency_key = key});
        REQUIRE(again);
        CHECK(again->repeated);
        CHECK(code_of(bus.send(open(name))) != "accepted");
        REQUIRE(bus.send(decrement(name, 5)));
        CHECK(stele::load<counter>(*configured, stele::stream_of<counter>(name)).state.value == 0);
    }
}

STORE_TEST_CASE(configured, "an unauthorized command is rejected before anything is read") {
    stele::event_store& memory = *configured;
    spy_store store{memory};
    const auto allowed = [](const stele::sent_command& command) {
        return command.metadata.actor == "boss" || command.type() == "testing.Increment";
    };
    bus_type bus{store, {.cached_aggregates = 0, .middleware = {stele::authorize(allowed)}}};
    REQUIRE(bus.send(open("1"), by("boss")));
    REQUIRE(bus.send(increment("1", 1), by("clerk")));
    store.events_read = 0;
    const auto refused = bus.send(decrement("1", 1), by("clerk"));
    CHECK(code_of(refused) == "not_authorized");
    CHECK(refused.error().message() ==
          "testing.Decrement for counter-1 was rejected (not_authorized): \"clerk\" is not allowed to");
    CHECK(code_of(bus.send(open("2"))) == "not_authorized");
    CHECK(store.events_read == 0);
}

STORE_TEST_CASE(configured, "a check of one type of command lets the others pass") {
    stele::event_store& store = *configured;
    const auto check = [](const Increment& command) -> std::optional<stele::rejection> {
        if (command.by() < 0) return stele::reject("negative", "by {}", command.by());
        return {};
    };
    bus_type bus{store, {.middleware = {stele::validate<Increment>(check)}}};
    REQUIRE(bus.send(open("1")));
    CHECK(code_of(bus.send(increment("1", -1))) == "negative");
    CHECK(code_of(bus.send(increment("1", 1))) == "accepted");
    CHECK(code_of(bus.send(decrement("1", -1))) == "accepted");
}

STORE_TEST_CASE(configured, "conflicts are retried with waits that double up to a bound, a limited number of times") {
    stele::event_store& memory = *configured;
    spy_store store{memory};
    REQUIRE(memory.append(one, stele::expected_version::no_stream(), std::vector{stele::encode(opened())}));
    unsigned left = 0;
    store.before_append = [&] {
        if (left == 0) return;
        --left;
        REQUIRE(memory.append(one, stele::expected_version::any(), std::vector{stele::encode(incremented(1))}));
    };
    std::vector<std::chrono::nanoseconds> waits;
    const stele::retry_options retries{.attempts = 6,
                                       .first_wait = 4ns,
                                       .longest_wait = 20ns,
                                       .sleep = [&](std::chrono::nanoseconds wait) { waits.push_back(wait); },
                                       .random = [] { return 0.5; }};
    bus_type bus{store, {.attempts = 1, .cached_aggregates = 0, .middleware = {stele::retry_on_conflict(retries)}}};
    const auto waits_for = [&](unsigned conflicts) {
        left = conflicts;
        waits.clear();
        return code_of(bus.send(increment("1", 10)));
    };
    CHECK(waits_for(0) == "accepted");
    CHECK(waits.empty());
    CHECK(waits_for(5) == "accepted");
    CHECK(waits == std::vector<std::chrono::nanoseconds>{2ns, 4ns, 8ns, 10ns, 10ns});
    CHECK(waits_for(100) == "conflict");
    CHECK(left == 94);
    left = 0;
    CHECK(code_of(bus.send(open("1"))) == "already_open");
    CHECK(stele::load<counter>(memory, one).state.value == 2 * 10 + 5 + 6);

    waits.clear();
    REQUIRE(memory.tombstone_stream(one));
    CHECK(code_of(bus.send(open("1"))) == "conflict");
    CHECK(waits.empty());
    CHECK_THROWS_AS((void)stele::retry_on_conflict({.attempts = 0}), stele::error);
}

STORE_TEST_CASE(configured, "retries let many concurrent writers succeed") {
    constexpr int threads = 4;
    constexpr int each = 20;
    stele::event_store& store = *configured;
    // One bus for each thread, as in separate processes: they do not wait for each other.
    {
        std::vector<std::jthread> workers;
        for (int t = 0; t < threads; ++t)
            workers.emplace_back([&] {
                const stele::retry_options retries{
                    .attempts = 1'000'000, .first_wait = 1us, .longest_wait = 50us, .sleep = {}, .random = {}};
                bus_type bus{store, {.attempts = 1, .middleware = {stele::retry_on_conflict(retries)}}};
                for (int i = 0; i < each; ++i) (void)bus.send(count("1", {1}));
            });
    }
    CHECK(stele::load<counter>(store, one).state.value == threads * each);
}
