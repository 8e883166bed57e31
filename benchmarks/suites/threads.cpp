#include "benchmarks/crew.hpp"
#include "benchmarks/floors/plain_log.hpp"
#include "benchmarks/scratch_directory.hpp"
#include "benchmarks/suites.hpp"

#include <algorithm>
#include <chrono>
#include <memory>

namespace bench {
namespace {

constexpr std::size_t thread_count = 64;
constexpr std::size_t streams_each = 16;

// Threads with streams of their own, so that each knows the versions of its streams and nobody meets a conflict.
struct appenders {
    explicit appenders(std::size_t threads) : data(threads, workload(threads * streams_each)) {}

    std::vector<workload> data;
    latencies seen = {};  // of all appends of all turns
};

// They share the appends of one event. `log_of` gives each thread its log.
template <class LogOf>
contender threads(const char* name, appenders& all, LogOf log_of, std::int64_t least) {
    const auto act = [&all, log_of](std::size_t thread, std::size_t n) {
        append(log_of(thread), all.data[thread].next_of(thread * streams_each + n % streams_each, 1));
    };
    return work_together({name, all.data.size(), act}, all.seen, least);
}

double p99_ms(latencies all) {
    const auto place = all.begin() + static_cast<std::ptrdiff_t>(all.size() * 99 / 100);
    std::ranges::nth_element(all, place);
    return std::chrono::duration<double, std::milli>(*place).count();
}

}  // namespace

void measure_threads(const settings& wanted, report& out) {
    const scratch_directory directory(wanted.directory);
    auto many_store = stele::sqlite_store::open(directory / "many.db");
    auto one_store = stele::sqlite_store::open(directory / "one.db");
    std::vector<std::unique_ptr<plain_log>> connections(thread_count);
    for (auto& each : connections)
        each = std::make_unique<plain_log>(directory / "plain.db", layout::ceiling, stele::durability::full);

    appenders many(thread_count);
    appenders one(1);
    appenders plain(thread_count);
    const auto least = static_cast<std::int64_t>(wanted.amount(4 * thread_count));
    auto plan = wanted.turns();
    plan.same_work = false;  // one of them does a hundred times what another does
    const auto figures =
        alternate({threads(
                       "many", many, [&](std::size_t) -> auto& { return many_store; }, least),
                   threads(
                       "one", one, [&](std::size_t) -> auto& { return one_store; }, least),
                   threads(
                       "plain", plain, [&](std::size_t i) -> auto& { return *connections[i]; }, least)},
                  plan);

    out.add(comparison{"append_threads64_full_over_threads1", "events/s", "64 threads", figures[0], "1 thread",
                       figures[1]});
    out.add(comparison{"append_threads64_over_own_connections", "events/s", "64 threads, one store", figures[0],
                       "64 plain SQLite connections", figures[2]});
    out.add_row("append_threads64_p99_ms", p99_ms(many.seen), "ms");
    out.add_row("append_threads64_own_connections_p99_ms", p99_ms(plain.seen), "ms");
    out.add("append_threads64_full_events_per_s", spread_of(figures[0]).median);
    out.add("append_threads1_full_events_per_s", spread_of(figures[1]).median);
    out.add("append_threads64_own_connections_events_per_s", spread_of(figures[2]).median);
}

}  // namespace bench
