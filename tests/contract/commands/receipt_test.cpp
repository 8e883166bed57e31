// Commands with an idempotency key: decided once, with the same answer from then on.

#include "support/counter.hpp"
#include "support/spy_store.hpp"
#include "support/stores.hpp"

#include <stele/commands/command_bus.hpp>

#include <thread>

using namespace testing;

namespace {

using bus_type = stele::command_bus<counter>;

const stele::uuid names = *stele::uuid::parse("6f1c6a3e-1d5b-4c53-9f6a-0a8f3f1f2b11");
const auto one = stele::stream_of<counter>("1");

stele::uuid key_named(std::string_view name) {
    return stele::make_idempotency_key(names, name);
}

std::string key_of(std::string_view name) {
    const auto key = key_named(name);
    return {key.bytes.begin(), key.bytes.end()};
}

std::string str(const std::expected<stele::receipt, stele::command_error>& result) {
    if (!result) return result.error().message() + " @" + std::to_string(result.error().attempts());
    return result->stream.str() + "@" + std::to_string(result->version.value) + " " +
           std::to_string(result->position.value) + (result->repeated ? " repeated" : "");
}

std::string refused(bus_type& bus, const auto& command, const stele::uuid& id) {
    try {
        return str(bus.send(command, {.idempotency_key = id}));
    } catch (const stele::error& e) {
        CHECK(e.kind() == stele::error_kind::invalid_argument);
        return e.what();
    }
}

}  // namespace

STORE_TEST_CASE(
    store,
    "a command repeated with its idempotency key returns the first receipt and decides nothing, even after a restart") {
    {
        bus_type bus{*store};
        CHECK(str(bus.send(open("1"), {.idempotency_key = key_named("open")})) == "counter-1@1 1");
        CHECK(str(bus.send(open("2"))) == "counter-2@1 2");
        CHECK(str(bus.send(count("1", {1, 2}), {.idempotency_key = key_named("count")})) == "counter-1@3 4");
        CHECK(str(bus.send(increment("1", 5))) == "counter-1@4 5");
        CHECK(str(bus.send(open("1"), {.idempotency_key = key_named("open")})) == "counter-1@1 1 repeated");
    }
    store.reopen();
    bus_type bus{*store};
    // Decided again, this would be rejected: the counter is open.
    CHECK(str(bus.send(open("1"), {.idempotency_key = key_named("open")})) == "counter-1@1 1 repeated");
    CHECK(str(bus.send(count("1", {1, 2}), {.idempotency_key = key_named("count")})) == "counter-1@3 4 repeated");
    CHECK(store->head().value == 5);
    CHECK(str(bus.send(count("1", {1, 2}), {.idempotency_key = key_named("another")})) == "counter-1@6 7");
}

STORE_TEST_CASE(store, "a command that changed nothing is remembered too") {
    bus_type bus{*store};
    REQUIRE(bus.send(open("1")));
    REQUIRE(bus.send(open("2")));
    CHECK(str(bus.send(increment("1", 0), {.idempotency_key = key_named("a")})) == "counter-1@1 1");
    CHECK(str(bus.send(count("3", {}), {.idempotency_key = key_named("b")})) == "counter-3@0 0");
    REQUIRE(bus.send(increment("1", 7)));
    store.reopen();
    bus_type later{*store};
    CHECK(str(later.send(increment("1", 0), {.idempotency_key = key_named("a")})) == "counter-1@1 1 repeated");
    CHECK(str(later.send(count("3", {}), {.idempotency_key = key_named("b")})) == "counter-3@0 0 repeated");
    CHECK(store->head().value == 3);
}

STORE_TEST_CASE(store, "a rejection is decided again each time, unless it is to be remembered") {
    bus_type bus{*store};
    const std::string no = "testing.Increment for counter-1 was rejected (not_open): open the counter first @";
    CHECK(str(bus.send(increment("1", 1), {.idempotency_key = key_named("a")})) == no + "1");
    CHECK(str(bus.send(increment("1", 1), {.idempotency_key = key_named("b"), .remember_rejection = true})) ==
          no + "1");
    REQUIRE(bus.send(open("1")));
    store.reopen();
    bus_type later{*store};
    CHECK(str(later.send(increment("1", 1), {.idempotency_key = key_named("b"), .remember_rejection = true})) ==
          no + "0");
    CHECK(str(later.send(increment("1", 1), {.idempotency_key = key_named("b")})) == no + "0");
    CHECK(str(later.send(increment("1", 1), {.idempotency_key = key_named("a")})) == "counter-1@2 2");
}

STORE_TEST_CASE(store, "an idempotency key stands for one command") {
    bus_type bus{*store};
    REQUIRE(bus.send(open("1")));
    REQUIRE(bus.send(open("2")));
    REQUIRE(bus.send(increment("1", 5), {.idempotency_key = key_named("a")}));
    const std::string begin = "The idempotency key " + key_named("a").str() + " was used for ";
    const std::string end = ": give each command a key of its own.";
    CHECK(refused(bus, increment("2", 5), key_named("a")) ==
          begin + "testing.Increment for counter-1 before, and cannot be used for testing.Increment for counter-2" +
              end);
    // The same bytes, but another type.
    CHECK(refused(bus, decrement("1", 5), key_named("a")) ==
          begin + "testing.Increment for counter-1 before, and cannot be used for testing.Decrement for counter-1" +
              end);
    CHECK(refused(bus, increment("1", 5), stele::uuid{})
              .starts_with("The idempotency key of the command testing.Increment is nil"));
    CHECK(refused(bus, open("3", "\xff"), key_named("b")).find("field \"label\"") != std::string::npos);
    CHECK(store->head().value == 3);
}

STORE_TEST_CASE(store, "the key alone says which command it is, whatever its fields hold by now") {
    bus_type bus{*store};
    REQUIRE(bus.send(open("1")));
    const stele::send_options how{.idempotency_key = key_named("a")};
    REQUIRE(str(bus.send(increment("1", 5), how)) == "counter-1@2 2");
    const std::string answer = "counter-1@2 2 repeated";
    CHECK(str(bus.send(increment("1", 6), how)) == answer);
    // From a client that knows a field more, and from one for which the number was a text (retyped).
    std::string bytes = increment("1", 5).SerializeAsString();
    CHECK(str(bus.dispatch("testing.Increment", bytes + "\xA2\x06\x03new", how)) == answer);
    Increment retyped;
    retyped.set_counter("1");
    CHECK(str(bus.dispatch("testing.Increment",
                           retyped.SerializeAsString() + "\x12\x01"
                                                         "5",
                           how)) == answer);
    CHECK(store->head().value == 2);
}

STORE_TEST_CASE(inner, "a receipt tells the version that it told first, whatever is removed after it") {
    spy_store store{*inner};
    bus_type bus{store};
    const auto sends = [&](const auto& command, std::string_view name) {
        return str(bus.send(command, {.idempotency_key = key_named(name)}));
    };
    CHECK(sends(open("1"), "first") == "counter-1@1 1");
    REQUIRE(inner->delete_stream(one));
    CHECK(sends(open("1"), "again") == "counter-1@2 3");
    CHECK(sends(increment("1", 1), "more") == "counter-1@3 4");
    const auto check_all = [&] {
        CHECK(sends(open("1"), "first") == "counter-1@1 1 repeated");
        CHECK(sends(open("1"), "again") == "counter-1@2 3 repeated");
        CHECK(sends(increment("1", 1), "more") == "counter-1@3 4 repeated");
    };
    check_all();
    REQUIRE(inner->truncate_stream(one, stele::version{4}));
    check_all();
    REQUIRE(inner->delete_stream(one));
    check_all();
    // A receipt that could not be written again tells it for as long as the event is there, and nothing false after.
    store.before_document_write = [] { throw stele::error(stele::error_kind::busy, "somebody writes"); };
    CHECK(sends(open("1"), "last") == "counter-1@4 7");
    store.before_document_write = [] {};
    CHECK(sends(open("1"), "last") == "counter-1@4 7 repeated");
    REQUIRE(inner->tombstone_stream(one));
    CHECK(sends(open("1"), "last") == "counter-1@0 7 repeated");
    check_all();
}

STORE_TEST_CASE(store,
                "a receipt has the right version after a deleted stream was started again, and without its events") {
    bus_type bus{*store};
    REQUIRE(bus.send(open("1")));
    REQUIRE(bus.send(increment("1", 1)));
    REQUIRE(store->delete_stream(one));
    CHECK(str(bus.send(open("1"), {.idempotency_key = key_named("a")})) == "counter-1@3 4");
    CHECK(str(bus.send(increment("1", 1), {.idempotency_key = key_named("b")})) == "counter-1@4 5");
    CHECK(str(bus.send(open("1"), {.idempotency_key = key_named("a")})) == "counter-1@3 4 repeated");
    REQUIRE(store->tombstone_stream(one));
    CHECK(str(bus.send(increment("1", 1), {.idempotency_key = key_named("b")})) == "counter-1@4 5 repeated");
}

STORE_TEST_CASE(store, "receipts expire, and only then is a command decided again") {
    bus_type bus{*store};
    REQUIRE(bus.send(open("1")));
    constexpr int sent = 2500;
    std::vector<stele::document_write> many;
    for (int i = 0; i < sent; ++i) many.push_back({"receipt", key_of(std::to_string(i)), "kept"});
    REQUIRE(store->append({}, many));
    REQUIRE(bus.send(increment("1", 1), {.idempotency_key = key_named("late")}));
    const auto late = store->find_document("receipt", key_of("late"));
    REQUIRE(late);
    CHECK(stele::forget_receipts(*store, stele::timestamp{}) == 0);
    CHECK(stele::forget_receipts(*store, late->written_at) <= sent);
    CHECK(str(bus.send(increment("1", 1), {.idempotency_key = key_named("late")})) == "counter-1@2 2 repeated");
    CHECK(store->list_documents("receipt").size() >= 1);
    (void)stele::forget_receipts(*store, stele::timestamp::max());
    CHECK(store->list_documents("receipt").empty());
    CHECK(str(bus.send(increment("1", 1), {.idempotency_key = key_named("late")})) == "counter-1@3 3");
}

STORE_TEST_CASE(store, "the same command from many threads at a time is decided once") {
    bus_type bus{*store, {.attempts = 1'000'000}};
    REQUIRE(bus.send(open("1")));
    constexpr int threads = 4;
    constexpr int commands = 25;
    std::vector<std::vector<std::string>> answers(threads);
    std::vector<int> firsts(threads);
    {
        std::vector<std::jthread> senders;
        for (int t = 0; t < threads; ++t)
            senders.emplace_back([&, t] {
                for (int i = 0; i < commands; ++i) {
                    auto result = bus.send(increment("1", i + 1), {.idempotency_key = key_named(std::to_string(i))});
                    if (!result) return;
                    firsts[static_cast<std::size_t>(t)] += result->repeated ? 0 : 1;
                    result->repeated = false;
                    answers[static_cast<std::size_t>(t)].push_back(str(result));
                }
            });
    }
    int first = 0;
    for (std::size_t t = 0; t < threads; ++t) {
        CHECK(answers[t].size() == commands);
        CHECK(answers[t] == answers[0]);
        first += firsts[t];
    }
    CHECK(first == commands);
    CHECK(store->head().value == 1 + commands);
}

STORE_TEST_CASE(store, "a concurrent duplicate is recognised, whatever the outcome of the command") {
    bus_type direct{*store};
    REQUIRE(direct.send(open("1")));
    spy_store spied{*store};
    bus_type bus{spied, {.attempts = 1}};
    const auto in_between = [&](const auto& command, std::string_view name) {
        const stele::send_options how{.idempotency_key = key_named(name), .remember_rejection = true};
        spied.before_append = [&] { (void)direct.send(command, how); };
        return str(bus.send(command, how));
    };
    CHECK(in_between(increment("1", 3), "events") == "counter-1@2 2 repeated");
    CHECK(in_between(increment("1", 0), "nothing") == "counter-1@2 2 repeated");
    CHECK(in_between(decrement("1", 9), "rejection") ==
          "testing.Decrement for counter-1 was rejected (below_zero): the value is 3, asked 9 @0");
    CHECK(store->head().value == 2);

    // Its own event would make it rejected: the counter is open when it is loaded.
    spied.before_append = [] {};
    spied.after_find = [&] { (void)direct.send(open("2"), {.idempotency_key = key_named("open")}); };
    CHECK(str(bus.send(open("2"), {.idempotency_key = key_named("open")})) == "counter-2@1 3 repeated");
}
