// Several commands in one append: command_bus::transact().

#include "contract/commands/transaction_text.hpp"
#include "support/counter.hpp"
#include "support/spy_store.hpp"
#include "support/stores.hpp"
#include "support/transfers.hpp"

#include <stele/codec/codec.hpp>
#include <stele/commands/command_bus.hpp>
#include <stele/eventstore/memory/memory_store.hpp>

#include <rapidcheck.h>

#include <atomic>
#include <string>
#include <thread>
#include <utility>
#include <vector>

using namespace testing;

namespace {

using bus_type = stele::command_bus<counter, wallet>;

/// What is in the store, one line an event.
std::vector<std::string> history(stele::event_store& store) {
    std::vector<std::string> all;
    for (const auto& event : store.read_all({.filter = {.categories = {"counter", "wallet"}}}).events())
        all.push_back(std::string{event.stream} + "@" + std::to_string(event.version.value) + " " +
                      std::string{event.type.substr(event.type.rfind('.') + 1)});
    return all;
}

/// The events of a stream, in order.
std::vector<std::string> bytes(stele::event_store& store, const std::string& stream) {
    std::vector<std::string> all;
    for (const auto& event : store.read_stream(stele::stream_id{stream}).events())
        all.push_back(std::string{event.type} + std::string{event.payload});
    return all;
}

}  // namespace

STORE_TEST_CASE(store, "a transaction appends the events of all its commands, each decided on what came before") {
    bus_type bus{*store};
    REQUIRE(bus.send(open("1")));
    const auto done = bus.transact([](auto& tx) {
        CHECK(tx.send(open("2")));
        CHECK(tx.send(increment("1", 5)));
        CHECK(tx.send(increment("2", 3)));
        CHECK(tx.send(decrement("2", 3)));  // only since the one before
        CHECK(tx.send(open_wallet("w", 7)));
        CHECK(tx.send(increment("1", 0)));  // changes nothing
    });
    CHECK(str(done) == "counter-2@3 4 (3); counter-1@2 5 (1); wallet-w@1 6 (1); last 6");
    CHECK(history(*store) == std::vector<std::string>{"counter-1@1 CounterOpened", "counter-2@1 CounterOpened",
                                                      "counter-2@2 Incremented", "counter-2@3 Decremented",
                                                      "counter-1@2 Incremented", "wallet-w@1 WalletOpened"});
    store.reopen();
    CHECK(value_of(*store, "1") == 5);
    CHECK(value_of(*store, "2") == 0);
}

STORE_TEST_CASE(store, "the first command that is rejected ends a transaction, and nothing is appended") {
    bus_type bus{*store};
    REQUIRE(bus.send(open("1")));
    for (const bool is_warm : {true, false}) {
        bus_type other{*store};
        unsigned later = 0;
        const auto done = (is_warm ? bus : other).transact([&](auto& tx) {
            CHECK(tx.send(increment("1", 5)));
            CHECK_FALSE(tx.send(decrement("1", 6)));
            CHECK_FALSE(tx.send(increment("1", 1)));
            later += tx.send(open("2")) ? 1 : 0;
            CHECK(tx.try_send(open("3")).error().rejection()->code == "below_zero");
        });
        REQUIRE_FALSE(done);
        CHECK(done.error().rejection()->code == "below_zero");
        CHECK(done.error().command() == "testing.Decrement");
        CHECK(done.error().stream().str() == "counter-1");
        CHECK(done.error().attempts() == 1);
        CHECK(later == 0);
    }
    CHECK(store->head().value == 1);
    // What the bus has in memory does not know of it.
    CHECK(bus.send(increment("1", 1))->version.value == 2);
    CHECK(value_of(*store, "1") == 1);
}

STORE_TEST_CASE(store, "a command that may be rejected leaves the rest of the transaction as it is") {
    bus_type bus{*store};
    REQUIRE(bus.send(open("1")));
    const auto done = bus.transact([](auto& tx) {
        const auto no = tx.try_send(decrement("1", 6));
        REQUIRE_FALSE(no);
        CHECK(no.error().rejection()->code == "below_zero");
        CHECK_FALSE(tx.try_send(increment("2", 1)));
        const auto yes = tx.try_send(increment("1", 1));
        REQUIRE(yes);
        CHECK(yes->version.value == 2);
        CHECK(yes->position.value == 0);
        CHECK(yes->events.size() == 1);
    });
    CHECK(str(done) == "counter-1@2 2 (1); last 2");
}

STORE_TEST_CASE(inner, "after a conflict the function is called again on states that are read again") {
    spy_store store{*inner};
    bus_type bus{store}, other{*inner};
    REQUIRE(bus.send(open("1")));
    REQUIRE(bus.send(open("2")));
    int calls = 0, others = 3;
    store.before_append = [&] {
        if (others-- > 0) REQUIRE(other.send(increment("2", 10)));
    };
    const auto done = bus.transact([&](auto& tx) {
        ++calls;
        tx.send(increment("1", 1));
        tx.send(increment("2", 1));
    });
    CHECK(str(done) == "counter-1@2 6 (1); counter-2@5 7 (1); last 7");
    CHECK(calls == 4);
    CHECK(value_of(*inner, "1") == 1);
    CHECK(value_of(*inner, "2") == 31);

    others = 1000;
    calls = 0;
    bus_type once{store, {.attempts = 2}};
    const auto refused = once.transact([&](auto& tx) {
        ++calls;
        tx.send(increment("1", 1));
        tx.send(increment("2", 1));
    });
    REQUIRE_FALSE(refused);
    CHECK(refused.error().conflict()->stream.str() == "counter-2");
    CHECK(refused.error().stream().str() == "counter-2");
    CHECK(refused.error().command() == "testing.Increment");
    CHECK(refused.error().attempts() == 2);
    CHECK(calls == 2);
    CHECK(value_of(*inner, "1") == 1);
}

STORE_TEST_CASE(inner, "a rejection, and a command that changes nothing, hold when the events are appended") {
    spy_store store{*inner};
    bus_type bus{store}, other{*inner};
    REQUIRE(bus.send(open("1")));
    REQUIRE(bus.send(open("2")));
    for (const bool changes_nothing : {false, true}) {
        const auto before = value_of(*inner, "2");
        int calls = 0;
        bool once = true;
        store.before_append = [&] {
            if (std::exchange(once, false)) REQUIRE(other.send(increment("1", 5)));
        };
        REQUIRE(bus.transact([&](auto& tx) {
            ++calls;
            const auto result = changes_nothing ? tx.try_send(increment("1", 0)) : tx.try_send(decrement("1", 5));
            tx.send(increment("2", result ? 1 : 100));
        }));
        CHECK(calls == 2);
        CHECK(value_of(*inner, "2") == before + 1);
    }
    // Stale states in memory of a bus reject nothing that is fine by now.
    store.before_append = [] {};
    REQUIRE(bus.send(increment("1", 0)));
    REQUIRE(other.send(increment("1", 50)));
    CHECK(bus.transact([](auto& tx) {
        tx.send(increment("1", 1));
        tx.send(decrement("1", 50));
    }));
}

STORE_TEST_CASE(store, "a transaction says where its instances must be") {
    using stele::expected_version;
    bus_type bus{*store};
    REQUIRE(bus.send(open("1")));
    const auto at = [](std::uint64_t version) { return expected_version::exactly({version}); };
    CHECK(bus.transact([&](auto& tx) {
        tx.send(increment("1", 1), at(1));
        tx.send(increment("1", 1), at(2));
        tx.send(open("2"), expected_version::no_stream());
    }));
    bus_type other{*store};
    REQUIRE(other.send(increment("1", 1)));
    const auto refused = bus.transact([&](auto& tx) {
        tx.send(increment("2", 1));
        tx.send(increment("1", 1), at(3));  // what the bus has in memory is older
    });
    REQUIRE_FALSE(refused);
    CHECK(refused.error().conflict()->actual.value == 4);
    CHECK(bus.transact([&](auto& tx) { tx.send(increment("1", 1), at(4)); }));
    CHECK(value_of(*store, "2") == 0);
}

STORE_TEST_CASE(store, "all events of a transaction have its metadata, and one correlation") {
    bus_type bus{*store};
    REQUIRE(bus.transact(
        [](auto& tx) {
            tx.send(open("1"));
            tx.send(open("2"));
        },
        {.metadata = {.actor = "teller", .headers = {{"desk", "3"}}}}));
    std::vector<std::string> correlations;
    for (const auto& event : store->read_all().events()) {
        const auto metadata = stele::decode_metadata(event.metadata);
        CHECK(metadata.actor == "teller");
        CHECK(metadata.headers.at("desk") == "3");
        correlations.push_back(metadata.correlation_id);
    }
    REQUIRE(correlations.size() == 2);
    CHECK_FALSE(correlations[0].empty());
    CHECK(correlations[0] == correlations[1]);
}

STORE_TEST_CASE(store, "transactions and commands of many threads to the same instances all come through") {
    constexpr int threads = 4, each = 25;
    for (const auto cached : {std::size_t{4096}, std::size_t{0}}) {
        bus_type bus{*store, {.attempts = 1000, .cached_aggregates = cached}};
        const auto name = [&](int i) { return std::to_string(i) + (cached == 0 ? "x" : "y"); };
        for (int i = 0; i < 3; ++i) REQUIRE(bus.send(count(name(i), {})));
        for (int i = 0; i < 3; ++i) REQUIRE(bus.send(open(name(i))));
        std::vector<std::jthread> all;
        std::atomic<int> failures = 0;
        for (int thread = 0; thread < threads; ++thread)
            all.emplace_back([&, thread] {
                for (int i = 0; i < each; ++i) {
                    // In all orders, so that two of them would wait for one another.
                    const auto first = name((thread + i) % 3), second = name((2 * thread + 2 * i + 1) % 3);
                    const auto done = bus.transact([&](auto& tx) {
                        tx.send(increment(first, 1));
                        tx.send(increment(second, 1));
                    });
                    if (!done || !bus.send(increment(second, 1))) ++failures;
                }
            });
        all.clear();
        CHECK(failures == 0);
        CHECK(value_of(*store, name(0)) + value_of(*store, name(1)) + value_of(*store, name(2)) == 3 * threads * each);
    }
}

TEST_CASE("transactions over a bus that remembers states lead to the same events as one command after another") {
    CHECK(rc::check([] {
        stele::memory_store together, apart;
        bus_type one{together}, two{apart};
        const auto transactions = *rc::gen::inRange(1, 12);
        for (int t = 0; t < transactions; ++t) {
            const auto commands = *rc::gen::container<std::vector<std::pair<int, int>>>(
                rc::gen::pair(rc::gen::inRange(0, 3), rc::gen::inRange(-4, 6)));
            const auto act = [&](const auto& send) {
                for (const auto& [instance, by] : commands) {
                    const auto name = std::to_string(instance);
                    if (by == 5)
                        send(open(name));
                    else if (by < 0)
                        send(decrement(name, -by));
                    else
                        send(increment(name, by));
                }
            };
            RC_ASSERT(one.transact(
                [&](auto& tx) { act([&](const auto& command) { static_cast<void>(tx.try_send(command)); }); }));
            act([&](const auto& command) { static_cast<void>(two.send(command)); });
        }
        for (const auto* name : {"counter-0", "counter-1", "counter-2"})
            RC_ASSERT(bytes(together, name) == bytes(apart, name));
    }));
}

STORE_TEST_CASE(store, "a function that gives up because of a cached state is called again on the latest") {
    bus_type remembers{*store}, other{*store};
    REQUIRE(remembers.send(open("1")));
    REQUIRE(other.send(increment("1", 7)));
    int calls = 0;
    const auto done = remembers.transact([&](auto& tx) {
        ++calls;
        tx.send(increment("1", 1));
        if (!tx.try_send(decrement("1", 8))) throw std::runtime_error("not enough");
    });
    REQUIRE(done);
    CHECK(calls == 2);
    CHECK(stele::load<counter>(*store, stele::stream_of<counter>("1")).state.value == 0);
    CHECK_THROWS_WITH(static_cast<void>(remembers.transact([](auto& tx) {
                          if (!tx.try_send(decrement("1", 1))) throw std::runtime_error("not enough");
                      })),
                      "not enough");
}
