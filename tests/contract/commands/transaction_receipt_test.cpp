// The receipt of a transaction: with an idempotency key it is run once.

#include "contract/commands/transaction_text.hpp"
#include "support/counter.hpp"
#include "support/spy_store.hpp"
#include "support/stores.hpp"

#include <stele/commands/command_bus.hpp>
#include <stele/commands/receipt.hpp>

#include <string>
#include <utility>

using namespace testing;

namespace {

using bus_type = stele::command_bus<counter>;
const stele::uuid names = *stele::uuid::parse("5d0f8f0a-5a0f-4b9e-8d7c-0a1f6f2b9c11");

stele::uuid key_named(std::string_view name) {
    return stele::make_idempotency_key(names, name);
}

}  // namespace

STORE_TEST_CASE(store, "a transaction with an idempotency key is run once") {
    const auto run = [&](stele::event_store& over, std::string_view key, int& calls) {
        bus_type bus{over};
        return bus.transact(
            [&](auto& tx) {
                ++calls;
                tx.send(increment("1", 1));
                tx.send(open("2"));
                tx.send(increment("1", 2));
            },
            {.idempotency_key = key_named(key)});
    };
    int calls = 0;
    CHECK_FALSE(run(*store, "a", calls));  // a rejection is decided again
    bus_type bus{*store};
    REQUIRE(bus.send(open("1")));
    CHECK(str(run(*store, "a", calls)) == "counter-1@3 3 (2); counter-2@1 4 (1); last 4");
    const int before = calls;
    CHECK(before >= 2);
    store.reopen();
    CHECK(str(run(*store, "a", calls)) == "counter-1@3 3; counter-2@1 4; last 4, repeated");
    CHECK(calls == before);

    // Another program runs it at the same time.
    bus_type after{*store};
    REQUIRE(after.send(open("3")));
    spy_store spied{*store};
    bool once = true;
    const auto both = [&](stele::event_store& over) {
        bus_type mine{over};
        return mine.transact([](auto& tx) { tx.send(increment("3", 1)); }, {.idempotency_key = key_named("b")});
    };
    spied.before_append = [&] {
        if (std::exchange(once, false)) REQUIRE(both(*store));
    };
    CHECK(str(both(spied)) == "counter-3@2 6; last 6, repeated");
    CHECK(value_of(*store, "3") == 1);

    // One that changed nothing has a receipt, too; one over a stream that begins again has the right version.
    CHECK(str(after.transact([](auto& tx) { tx.send(increment("3", 0)); }, {.idempotency_key = key_named("c")})) ==
          "last 6");
    CHECK(str(after.transact([](auto&) { FAIL("it was run before"); }, {.idempotency_key = key_named("c")})) ==
          "last 6, repeated");
    REQUIRE(store->delete_stream(stele::stream_of<counter>("3")));
    const auto again = [&] {
        return after.transact(
            [](auto& tx) {
                tx.send(open("3"));
                tx.send(open("4"));
            },
            {.idempotency_key = key_named("d")});
    };
    CHECK(str(again()) == "counter-3@3 8 (1); counter-4@1 9 (1); last 9");
    CHECK(str(again()) == "counter-3@3 8; counter-4@1 9; last 9, repeated");
    CHECK(after.send(increment("3", 1))->version.value == 4);
}

STORE_TEST_CASE(store, "the receipt of a transaction keeps the versions that it told, whatever is removed later") {
    bus_type bus{*store};
    const auto run = [&] {
        return bus.transact(
            [](auto& tx) {
                tx.send(open("1"));
                tx.send(open("2"));
                tx.send(increment("1", 5));
            },
            {.idempotency_key = key_named("again")});
    };
    REQUIRE(bus.send(open("1")));
    REQUIRE(store->delete_stream(stele::stream_of<counter>("1")));
    const auto first = str(run());
    CHECK(first.starts_with("counter-1@3 "));
    const auto repeated = str(run());
    CHECK(repeated.starts_with("counter-1@3 "));
    REQUIRE(store->delete_stream(stele::stream_of<counter>("1")));
    CHECK(str(run()) == repeated);
}
