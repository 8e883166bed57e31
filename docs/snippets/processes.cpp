// The examples of docs/processes.md.
#include "transfers.hpp"

#include <stele/commands.hpp>
#include <stele/memory.hpp>
#include <stele/sqlite.hpp>
#include <stele/testing/manual_clock.hpp>

#include <fmt/core.h>

#include <chrono>
#include <iterator>
#include <stdexcept>

using namespace bank;
using namespace std::chrono_literals;

namespace {

void must(const stele::command_result& result) {
    if (!result) throw std::runtime_error(result.error().message());
}

void print_balances(stele::event_store& store) {
    stele::repository<account> accounts{store};
    fmt::print("alice {}, bob {}\n", accounts.load("alice").state.balance, accounts.load("bob").state.balance);
}

void run_in_the_background(stele::event_store& store) {
    // [run]
    stele::command_bus<account, transfer> bus{store};
    stele::process_runner runner{store};
    runner.add<transfer_process>(bus);
    runner.start();  // on a thread of its own, until stop()

    must(bus.send(request("t1", "alice", "bob", 30)));
    auto approved = bus.send(approve("t1"));
    // [/run]
    must(approved);

    // [wait]
    if (auto handled = runner.wait_for<transfer_process>(approved->position, 2s); !handled)
        fmt::print("{}\n", handled.error().message());
    // [/wait]

    // [outcome]
    if (auto done = runner.wait_for_outcome(approved->position, 2s); !done) fmt::print("{}\n", done.error().message());
    // [/outcome]
    runner.catch_up();
    // [status]
    runner.stop();  // so the process is `stopped`; while the runner works, it is `live` or `catching up`
    for (const auto& status : runner.status()) fmt::print("{}\n", status.message());
    // [/status]
    print_balances(store);
}

void let_a_deadline_pass() {
    // [deadline]
    stele::manual_clock clock{std::chrono::sys_days{2026y / 1 / 31}};
    stele::memory_store store{{}, clock.reader()};  // events are recorded by the same clock
    stele::command_bus<account, transfer> bus{store};
    stele::process_runner runner{store, {.now = clock.reader()}};
    runner.add<transfer_process>(bus);

    must(bus.send(request("t2", "alice", "bob", 10)));
    runner.catch_up();  // sets the deadline "approval"

    clock.advance(24h);
    runner.catch_up();  // fires it
    if (auto late = bus.send(approve("t2")); !late) fmt::print("{}\n", late.error().message());
    // [/deadline]
}

void take_back(stele::event_store& store) {
    stele::command_bus<account, transfer> bus{store};
    stele::process_runner runner{store};
    runner.add<transfer_process>(bus);
    // [rejected]
    must(bus.send(close_account("bob")));
    must(bus.send(request("t3", "alice", "bob", 20)));
    must(bus.send(approve("t3")));
    runner.catch_up();  // withdraws from alice, is rejected by bob, and gives the money back to alice
    print_balances(store);
    // [/rejected]
}

void read_the_journal(stele::event_store& store) {
    // [journal]
    for (const auto& event : store.read_stream(stele::stream_id{"transfer_process-t3"}).events())
        fmt::print("{}\n", event.type);
    // [/journal]
}

void read_history(stele::event_store& store) {
    stele::command_bus<account, transfer> bus{store};
    stele::process_runner runner{store};
    // [history]
    runner.add<approval_process>(bus, {.skip_deadlines_older_than = 0s});                     // none in the past
    runner.add<limit_process>(bus, {.skip_deadlines_older_than = std::chrono::years{1000}});  // all of them
    // [/history]
}

void only_what_comes(stele::event_store& store) {
    stele::command_bus<account, transfer> bus{store};
    // [after]
    stele::process_runner runner{store};
    runner.add<transfer_process>(bus, {.after = store.head()});
    // [/after]
}

}  // namespace

int main() {
    auto store = stele::sqlite_store::open("bank.db");
    stele::command_bus<account> bus{store};
    for (const auto* id : {"alice", "bob"}) must(bus.send(open_account(id)));
    must(bus.send(deposit("alice", 100)));
    run_in_the_background(store);
    let_a_deadline_pass();
    take_back(store);
    read_the_journal(store);
    only_what_comes(store);
    read_history(store);
}
