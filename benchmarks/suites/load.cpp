#include "benchmarks/account.hpp"
#include "benchmarks/scratch_directory.hpp"
#include "benchmarks/suites.hpp"
#include "benchmarks/workload.hpp"

#include <stele/aggregates/repository.hpp>
#include <stele/codec/codec.hpp>

#include <fmt/format.h>

#include <stdexcept>

namespace bench {
namespace {

constexpr std::size_t event_count = 10'000;
// Half of what an account with a snapshot every 100 events has after its last one at most.
constexpr std::size_t events_after_snapshot = 50;

// Makes the one account; the snapshot is taken before its last events.
void make_account(stele::event_store& store, std::size_t events) {
    const stele::repository<saved_account> accounts{store};
    batch all{0, stream_of(0), {}, {stele::encode(AccountOpened{})}};
    const auto store_all = [&] {
        append(store, all);
        all.after.value += all.events.size();
        all.events.clear();
    };
    for (std::size_t i = 1; i < events; ++i) {
        if (i + events_after_snapshot == events) {
            store_all();
            accounts.take_snapshot(all.stream.instance_id(), accounts.load(all.stream.instance_id()));
        }
        all.events.push_back(stele::encode(deposited(static_cast<std::int64_t>(i), "salary")));
        if (all.events.size() == 1000) store_all();
    }
    store_all();
}

template <class Aggregate>
contender loader(const char* name, stele::event_store& store, std::size_t events) {
    const auto turn = [&store, events](benchmark::State& state) {
        const stele::repository<Aggregate> accounts{store};
        for (auto _ : state) {
            const auto stream = stream_of(0);
            const auto known = accounts.load(stream.instance_id());
            if (known.version.value != events) throw std::runtime_error("the account was not loaded whole");
            benchmark::DoNotOptimize(known.state.balance);
        }
        state.SetItemsProcessed(state.iterations());
    };
    return {name, turn, 2};
}

}  // namespace

void measure_load(const settings& wanted, report& out) {
    const scratch_directory directory(wanted.directory);
    auto store = stele::sqlite_store::open(directory / "events.db", {.durability = stele::durability::normal});
    const auto events = wanted.amount(event_count);
    make_account(store, events);
    auto plan = wanted.turns();
    plan.same_work = false;
    const auto figures =
        alternate({loader<account>("full", store, events), loader<saved_account>("snapshot", store, events)}, plan);
    // A ratio of times, the other way about than one of rates.
    out.add(
        comparison{"load_10k_snapshot_over_full", "loads/s", "from events", figures[0], "from a snapshot", figures[1]});
}

}  // namespace bench
