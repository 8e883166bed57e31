// The examples of docs/testing.md.
#include "balances.hpp"
#include "transfers.hpp"

#include <stele/commands.hpp>
#include <stele/memory.hpp>
#include <stele/testing.hpp>

#include <fmt/core.h>

#include <chrono>
#include <tuple>

using namespace bank;
using namespace std::chrono_literals;

namespace {

void test_rules() {
    // [aggregate]
    stele::given<account>(opened()).when(deposit("alice", 5)).then(deposited(5));
    stele::given<account>(opened(), deposited(100)).when(withdraw("alice", 150)).then_rejected("insufficient_funds");
    stele::given<account>().when(deposit("alice", 5)).then_rejected("not_open");
    stele::given<account>(opened(), closed()).when(close_account("alice")).then_nothing();
    // [/aggregate]

    // [more]
    if (stele::given<account>(opened(), deposited(100)).when(withdraw("alice", 30)).state().balance != 70)
        fmt::print("a wrong balance\n");
    stele::given<account>(opened()).when(deposit("alice", 5)).ignoring("transfer").then(deposited(5, "whatever"));
    // [/more]

    // [determinism]
    stele::check_determinism<account>(opened(), deposited(100), withdrawn(30), closed());
    // [/determinism]
}

void see_a_test_fail() try {
    // [failure]
    stele::given<account>(opened(), deposited(100)).when(withdraw("alice", 30)).then(withdrawn(31));
    // [/failure]
} catch (const stele::scenario_failed& failure) {
    fmt::print("{}\n", failure.what());
}

TransferRequested requested(std::int64_t amount) {
    TransferRequested event;
    event.set_transfer("t1");
    event.set_source("alice");
    event.set_target("bob");
    event.set_amount(amount);
    return event;
}

TransferApproved approved() {
    TransferApproved event;
    event.set_transfer("t1");
    return event;
}

void test_a_process() {
    // [process]
    stele::given_process<transfer_process>(requested(30))
        .when(approved())
        .then_cancelled("approval")
        .then_commands(withdraw("alice", 30, "t1"))
        .delivered_twice();

    // The target refuses the money: it goes back, and the transfer is cancelled.
    stele::given_process<transfer_process>(requested(30), approved(), withdrawn(30, "t1"))
        .when(stele::rejected{deposit("bob", 30, "t1"), stele::reject("not_open", "bob is closed")})
        .then_commands(deposit("alice", 30, "t1"), cancel("t1", "bob is closed"));

    // Times matter: say when the event was recorded.
    const stele::timestamp noon = std::chrono::sys_days{2026y / 1 / 31} + 12h;
    stele::given_process<transfer_process>()
        .when(stele::recorded(requested(30), {.stream = "transfer-t1", .at = noon}))
        .then_commands()
        .then_deadline("approval", noon + 24h, cancel("t1", "not approved in time"));

    // Let time pass: the deadlines that are due fire, in order.
    stele::given_process<transfer_process>(requested(30))
        .when(stele::time_elapses{24h})
        .then_commands(cancel("t1", "not approved in time"));

    // The end of an instance, and what comes after it.
    stele::given_process<approval_process>(requested(30)).when(approved()).then_ended();
    stele::given_process<approval_process>(requested(30), approved()).when(stele::time_elapses{24h}).then_nothing();
    // [/process]
}

void test_a_projection() {
    // [projection]
    stele::given_projection<balances>(stele::recorded(opened(), {.stream = "account-alice"}))
        .when(stele::recorded(deposited(5), {.stream = "account-alice"}))
        .then_rows("SELECT account, balance FROM balances", std::tuple{"alice", 5})
        .then_no_rows("SELECT 1 FROM balances WHERE balance < 0")
        .then_same_when_rebuilt();
    // [/projection]
}

void test_all_together() {
    // [store]
    stele::manual_clock clock{std::chrono::sys_days{2026y / 1 / 31}};
    stele::memory_store store{{}, clock.reader()};
    stele::command_bus<account, transfer> bus{store};
    stele::process_runner runner{store, {.now = clock.reader()}};
    runner.add<transfer_process>(bus);

    bool sent = bus.send(request("t1", "alice", "bob", 30)).has_value();
    runner.catch_up();
    clock.advance(24h);
    runner.catch_up();
    bool rejected = !bus.send(approve("t1")).has_value();
    fmt::print("{}\n", sent && rejected ? "too late, as it should be" : "approved too late");
    // [/store]
}

}  // namespace

int main() {
    test_rules();
    see_a_test_fail();
    test_a_process();
    test_a_projection();
    test_all_together();
}
