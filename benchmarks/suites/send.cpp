#include "benchmarks/account.hpp"
#include "benchmarks/crew.hpp"
#include "benchmarks/deposits.hpp"
#include "benchmarks/scratch_directory.hpp"
#include "benchmarks/suites.hpp"

#include <stele/commands/command_bus.hpp>

#include <fmt/format.h>

#include <deque>
#include <functional>
#include <stdexcept>

namespace bench {
namespace {

// So few that the bus caches all their states.
constexpr std::size_t warm_accounts = 2000;
// So many that their streams hardly grow while commands are measured, each of which reads a stream.
constexpr std::size_t cold_accounts = 20'000;

constexpr std::size_t thread_count = 64;
constexpr std::size_t accounts_each = 16;  // about 1 000 in all

// What each thread has to do, made before the clock runs, and where what it does comes from.
template <class Thing>
struct task_list {
    deposits source;
    std::deque<Thing> ready = {};
};

// Threads with accounts of their own: as many conflicts on the one side as on the other, which is none.
template <class Thing, class Make, class Do>
contender threads(const char* name, std::vector<task_list<Thing>>& tasks, latencies& seen, Make make, Do act) {
    for (std::size_t i = 0; i < thread_count; ++i) tasks.push_back({deposits{i * accounts_each, accounts_each}});
    const auto prepare = [&tasks, make](std::size_t most) {
        for (auto& each : tasks)
            while (each.ready.size() < 2 * most / thread_count + 1) each.ready.push_back(make(each.source));
    };
    const auto act_next = [&tasks, make, act](std::size_t thread, std::size_t) {
        auto& mine = tasks[thread];
        if (mine.ready.empty()) mine.ready.push_back(make(mine.source));
        act(mine.ready.front());
        mine.ready.pop_front();
    };
    return work_together({name, thread_count, act_next, prepare}, seen, thread_count);
}

}  // namespace

void measure_send_threads(const settings& wanted, report& out) {
    const scratch_directory directory(wanted.directory);
    open_accounts(directory / "bus.db", thread_count * accounts_each);
    open_accounts(directory / "plain.db", thread_count * accounts_each);
    auto bus_store = stele::sqlite_store::open(directory / "bus.db");
    auto plain_store = stele::sqlite_store::open(directory / "plain.db");
    stele::command_bus<account> bus{bus_store};

    std::vector<task_list<DepositMoney>> commands;
    std::vector<task_list<batch>> batches;
    latencies sent;
    latencies appended;
    const auto figures = alternate({threads("send", commands, sent, std::mem_fn(&deposits::command),
                                            [&](const DepositMoney& command) {
                                                if (!bus.send(command))
                                                    throw std::runtime_error("a command that is fine was not accepted");
                                            }),
                                    threads("append", batches, appended, std::mem_fn(&deposits::to_append),
                                            [&](const batch& what) { append(plain_store, what); })},
                                   wanted.turns());
    out.add(comparison{"send_warm_over_append", "commands/s", "send, 64 threads", figures[0],
                       "append of the same events, 64 threads", figures[1]});
    out.add("send_warm_threads64_commands_per_s", spread_of(figures[0]).median);
}

void measure_send(const settings& wanted, report& out, stele::durability durability, bool is_warm) {
    const scratch_directory directory(wanted.directory);
    const auto accounts = wanted.amount(is_warm ? warm_accounts : cold_accounts);
    open_accounts(directory / "bus.db", accounts);
    open_accounts(directory / "plain.db", accounts);
    deposits sent(0, accounts);
    deposits appended(0, accounts);
    auto bus_store = stele::sqlite_store::open(directory / "bus.db", {.durability = durability});
    auto plain_store = stele::sqlite_store::open(directory / "plain.db", {.durability = durability});
    stele::command_bus<account> bus{bus_store, {.cached_aggregates = is_warm ? 2 * accounts : 0}};
    const auto send = [&](const DepositMoney& command) {
        if (!bus.send(command)) throw std::runtime_error("a command that is fine was not accepted");
    };
    if (is_warm)
        for (std::size_t i = 0; i < accounts; ++i) send(sent.command_to(i));

    const auto sends = [&](benchmark::State& state) {
        const auto commands = sent.commands(static_cast<std::size_t>(state.max_iterations));
        auto next = commands.begin();
        for (auto _ : state) send(*next++);
        state.SetItemsProcessed(state.iterations());
    };
    const auto appends = [&](benchmark::State& state) {
        const auto batches = appended.appends(static_cast<std::size_t>(state.max_iterations));
        auto next = batches.begin();
        for (auto _ : state) append(plain_store, *next++);
        state.SetItemsProcessed(state.iterations());
    };
    const auto figures = alternate({{"send", sends, 20}, {"append", appends, 20}}, wanted.turns());

    const auto metric =
        fmt::format("send_{}{}", is_warm ? "warm" : "cold", durability == stele::durability::full ? "" : "_normal");
    out.add(comparison{metric + "_ratio", "commands/s", "send", figures[0], "append of the same events", figures[1]});
    out.add(metric + "_commands_per_s", spread_of(figures[0]).median);
    out.add(metric + "_floor_commands_per_s", spread_of(figures[1]).median);
}

}  // namespace bench
