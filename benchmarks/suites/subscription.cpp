#include "benchmarks/contest.hpp"
#include "benchmarks/scratch_directory.hpp"
#include "benchmarks/suites.hpp"
#include "benchmarks/workload.hpp"

#include <stele/eventstore/subscription.hpp>

#include <algorithm>
#include <atomic>
#include <chrono>
#include <stdexcept>
#include <thread>
#include <vector>

namespace bench {
namespace {

using clock = std::chrono::steady_clock;

// When each event was handled, as told by another thread.
struct sightings {
    std::atomic<std::uint64_t> position{0};
    std::atomic<clock::rep> at{0};

    void see(const stele::recorded_event& event) {
        at.store(clock::now().time_since_epoch().count(), std::memory_order_relaxed);
        position.store(event.position.value, std::memory_order_release);
    }
    clock::duration time_of(std::uint64_t expected) const {
        while (position.load(std::memory_order_acquire) < expected) {
            check_interrupt();
            std::this_thread::yield();
        }
        return clock::duration{at.load(std::memory_order_relaxed)};
    }
};

}  // namespace

void measure_wakeup(const settings& wanted, report& out) {
    const scratch_directory directory(wanted.directory);
    auto store = stele::sqlite_store::open(directory / "events.db");
    workload data(1);
    sightings seen;
    const auto follower = stele::subscribe(store, {}, [&](const stele::recorded_event& event) { seen.see(event); });

    std::vector<double> microseconds;
    for (std::uint64_t n = 1; n <= wanted.amount(2000); ++n) {
        append(store, data.next_of(0, 1));
        const auto returned = clock::now().time_since_epoch();
        // The handler may be faster than the return from the append; a nanosecond then, as zero is no figure.
        const auto later = std::max<clock::duration>(seen.time_of(n) - returned, std::chrono::nanoseconds(1));
        microseconds.push_back(std::chrono::duration<double, std::micro>(later).count());
        std::this_thread::sleep_for(std::chrono::microseconds(200));  // so that it waits again, and must be woken
    }
    out.add_row("subscription_wakeup_p50_us", spread_of(microseconds).median, "us");
}

}  // namespace bench
