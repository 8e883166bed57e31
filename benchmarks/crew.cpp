#include "benchmarks/crew.hpp"

#include <algorithm>
#include <future>
#include <iterator>
#include <latch>

namespace bench {
namespace {

// One thread of a crew: acts as long as there is something left, and returns how long each thing took.
latencies work(const crew& all, std::size_t thread, std::latch& start, std::atomic<std::int64_t>& left) {
    latencies taken;
    start.wait();
    for (std::size_t n = 0; left.fetch_sub(1, std::memory_order_relaxed) > 0; ++n) {
        const auto begin = std::chrono::steady_clock::now();
        all.act(thread, n);
        taken.push_back(std::chrono::steady_clock::now() - begin);
    }
    return taken;
}

void take_turn(const crew& all, latencies& seen, benchmark::State& state) {
    std::latch start(1);
    std::atomic<std::int64_t> left = state.max_iterations;
    if (all.prepare) all.prepare(static_cast<std::size_t>(state.max_iterations));
    std::vector<std::future<latencies>> running;
    running.reserve(all.threads);
    for (std::size_t i = 0; i < all.threads; ++i)
        running.push_back(std::async(std::launch::async, [&, i] { return work(all, i, start, left); }));
    while (state.KeepRunningBatch(state.max_iterations)) {
        start.count_down();
        for (const auto& one : running) one.wait();
    }
    for (auto& one : running) std::ranges::copy(one.get(), std::back_inserter(seen));
    state.SetItemsProcessed(state.iterations());
}

}  // namespace

contender work_together(crew all, latencies& seen, std::int64_t least_iterations) {
    auto name = all.name;
    return {std::move(name), [all = std::move(all), &seen](benchmark::State& state) { take_turn(all, seen, state); },
            least_iterations};
}

}  // namespace bench
