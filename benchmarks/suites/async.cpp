#include "benchmarks/floors/plain_log.hpp"
#include "benchmarks/scratch_directory.hpp"
#include "benchmarks/suites.hpp"

#include <deque>
#include <future>
#include <stdexcept>
#include <utility>

namespace bench {
namespace {

constexpr std::size_t stream_count = 10'000;
constexpr std::size_t in_flight = 1024;

void expect_stored(std::future<stele::append_outcome>& answer) {
    if (const auto done = answer.get(); !done) throw std::runtime_error(done.error().message());
}

// One thread, one event per append, and it waits for the oldest append only when this many are under way.
contender without_waiting(stele::sqlite_store& store, workload& data) {
    const auto turn = [&](benchmark::State& state) {
        auto batches = data.batches(static_cast<std::size_t>(state.max_iterations), 1);
        auto next = batches.begin();
        std::deque<std::future<stele::append_outcome>> under_way;
        while (state.KeepRunningBatch(state.max_iterations)) {
            for (; next != batches.end(); ++next) {
                if (under_way.size() == in_flight) {
                    expect_stored(under_way.front());
                    under_way.pop_front();
                }
                under_way.push_back(store.append_async(next->stream, stele::expected_version::exactly(next->after),
                                                       std::move(next->events)));
            }
            for (auto& each : under_way) expect_stored(each);
        }
        state.SetItemsProcessed(state.iterations());
    };
    return {"without waiting", turn, 2 * in_flight};
}

contender by_hundreds(stele::sqlite_store& store, workload& data) {
    const auto turn = [&](benchmark::State& state) {
        const auto batches = data.batches(static_cast<std::size_t>(state.max_iterations), 100);
        auto next = batches.begin();
        for (auto _ : state) append(store, *next++);
        state.SetItemsProcessed(state.iterations() * 100);
    };
    return {"by hundreds", turn, 20};
}

}  // namespace

void measure_async(const settings& wanted, report& out) {
    const scratch_directory directory(wanted.directory);
    auto async_store = stele::sqlite_store::open(directory / "async.db");
    auto batch_store = stele::sqlite_store::open(directory / "batch.db");
    workload async_data(stream_count);
    workload batch_data(stream_count);
    auto plan = wanted.turns();
    plan.same_work = false;  // an iteration of the one is a hundred of the other

    const auto figures =
        alternate({without_waiting(async_store, async_data), by_hundreds(batch_store, batch_data)}, plan);

    out.add(comparison{"append_async1024_full_over_batch100_full", "events/s", "1 event each, 1024 in flight",
                       figures[0], "100 events each", figures[1]});
    out.add("append_async1024_full_events_per_s", spread_of(figures[0]).median);
}

}  // namespace bench
