#include "benchmarks/account.hpp"
#include "benchmarks/crew.hpp"
#include "benchmarks/deposits.hpp"
#include "benchmarks/scratch_directory.hpp"
#include "benchmarks/suites.hpp"

#include <stele/codec/codec.hpp>
#include <stele/commands/command_bus.hpp>
#include <stele/processes/process_runner.hpp>

#include <fmt/format.h>

#include <stdexcept>
#include <string>
#include <vector>

namespace bench {
namespace {

constexpr std::size_t thread_count = 16;
constexpr std::size_t account_count = 4096;

/// Pays a bonus for each order: an instance for each, and a command for each.
struct bonus_process {
    static constexpr auto name = "bonus";
    static constexpr auto events = hana::tuple_t<OrderPlaced>;
    static constexpr auto commands = hana::tuple_t<DepositMoney>;
    using reaction = stele::reaction<bonus_process>;
    static std::string instance_id(const OrderPlaced& event) { return event.order(); }

    std::int64_t paid = 0;
    void evolve(const OrderPlaced& event) { paid += event.bonus().amount(); }
    void evolve(const stele::rejected<DepositMoney>&) {}
    reaction react(const OrderPlaced& event) const { return reaction{}.send(event.bonus()); }
    reaction react(const stele::rejected<DepositMoney>&) const { return {}; }
};

/// Appends so many orders, each for a deposit of its own.
void place_orders(stele::event_store& store, deposits& source, std::size_t& number, std::size_t count) {
    constexpr std::size_t at_once = 1000;
    while (count > 0) {
        std::vector<stele::event_data> orders;
        for (; count > 0 && orders.size() < at_once; --count) {
            OrderPlaced order;
            order.set_order(std::to_string(number++));
            *order.mutable_bonus() = source.command();
            orders.push_back(stele::encode(order));
        }
        if (!store.append(stele::stream_id{"orders"}, stele::expected_version::any(), orders))
            throw std::runtime_error("the orders were not appended");
    }
}

}  // namespace

void measure_processes(const settings& wanted, report& out, stele::durability durability) {
    const scratch_directory directory(wanted.directory);
    const auto accounts = std::max(wanted.amount(account_count), thread_count);
    open_accounts(directory / "process.db", accounts);
    open_accounts(directory / "bus.db", accounts);
    auto process_store = stele::sqlite_store::open(directory / "process.db", {.durability = durability});
    auto bus_store = stele::sqlite_store::open(directory / "bus.db", {.durability = durability});
    stele::command_bus<account> process_bus{process_store}, bus{bus_store};
    stele::process_runner runner{process_store};
    runner.add<bonus_process>(process_bus, {.after = process_store.head()});

    deposits ordered(0, accounts);
    std::size_t number = 0;
    const auto process = [&](benchmark::State& state) {
        const auto count = static_cast<std::size_t>(state.max_iterations);
        place_orders(process_store, ordered, number, count);
        while (state.KeepRunningBatch(state.max_iterations)) runner.catch_up();
        state.SetItemsProcessed(state.iterations());
    };

    std::vector<deposits> sources;
    const auto each = accounts / thread_count;
    for (std::size_t i = 0; i < thread_count; ++i) sources.emplace_back(i * each, each);
    std::vector<std::vector<DepositMoney>> commands(thread_count);
    latencies seen;
    const auto sends = work_together({"send", thread_count,
                                      [&](std::size_t thread, std::size_t n) {
                                          auto& mine = commands[thread];
                                          if (n >= mine.size()) mine.push_back(sources[thread].command());
                                          if (!bus.send(mine[n]))
                                              throw std::runtime_error("a command that is fine was not accepted");
                                      },
                                      [&](std::size_t most) {
                                          for (std::size_t i = 0; i < thread_count; ++i) {
                                              commands[i] = sources[i].commands(2 * most / thread_count + 1);
                                          }
                                      }},
                                     seen, thread_count);
    const auto figures = alternate({{"process", process, 64}, sends}, wanted.turns());

    const std::string name = durability == stele::durability::full ? "process_throughput" : "process_throughput_normal";
    out.add(comparison{name + "_over_send", "commands/s", "process, an instance for each command", figures[0],
                       "send of the same commands, 16 threads", figures[1]});
    out.add(name + "_commands_per_s", spread_of(figures[0]).median);
    out.add(name + "_send_commands_per_s", spread_of(figures[1]).median);
}

}  // namespace bench
