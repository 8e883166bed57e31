// What a process does about an event of another time is of that time, too.

#include "support/stores.hpp"
#include "support/transfer_helpers.hpp"

#include <stele/eventstore/metadata.hpp>

using namespace testing;
using namespace std::chrono_literals;

namespace {

const stele::timestamp day = std::chrono::sys_days{std::chrono::year{1993} / 3 / 1};

void run(stele::event_store& store, stele::manual_clock& clock) {
    transfer_bus bus{store};
    process_runner runner{store, {.now = clock.reader()}};
    runner.add<transfer_process>(bus);
    runner.catch_up();
}

}  // namespace

STORE_TEST_CASE(store, "events that a process causes have the occurred_at of their cause, and none without one") {
    stele::manual_clock clock{stele::system_time()};
    open_wallets(*store);
    const auto begin = store->head();
    transfer_bus bus{*store};
    REQUIRE(bus.send(request_transfer("old", "a", "b", 30), {.metadata = {.occurred_at = day}}));
    run(*store, clock);
    std::size_t caused = 0;
    for (const auto& event : store->read_all({.after = begin}).events()) {
        CHECK(stele::decode_metadata(event.metadata).occurred_at == day);
        ++caused;
    }
    CHECK(caused > 5);
    CHECK(balance(*store, "b") == 30);
    CHECK(stele::load<wallet>(*store, stele::stream_id{"wallet-b"}, {.occurred_up_to = day}).state.balance == 30);

    const auto second = store->head();
    REQUIRE(bus.send(request_transfer("new", "a", "b", 30)));
    run(*store, clock);
    for (const auto& event : store->read_all({.after = second}).events())
        CHECK_FALSE(stele::decode_metadata(event.metadata).occurred_at.has_value());
}

STORE_TEST_CASE(store, "what a deadline sends is of the time at which it was due") {
    stele::manual_clock clock{stele::system_time()};
    open_wallets(*store);
    transfer_bus bus{*store};
    REQUIRE(bus.send(request_transfer("late", "a", "b", 30, 10h), {.metadata = {.occurred_at = day}}));
    run(*store, clock);
    const auto set = store->head();
    clock.advance(15h);
    run(*store, clock);
    REQUIRE(store->head() > set);
    for (const auto& event : store->read_all({.after = set}).events()) {
        const auto time = stele::decode_metadata(event.metadata).occurred_at;
        REQUIRE(time.has_value());
        CHECK(*time >= day + 10h);
        CHECK(*time < clock.now());
    }
}
