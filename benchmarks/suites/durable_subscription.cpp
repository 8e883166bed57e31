#include "benchmarks/contest.hpp"
#include "benchmarks/deposits.hpp"
#include "benchmarks/scratch_directory.hpp"
#include "benchmarks/suites.hpp"

#include <stele/codec/codec.hpp>
#include <stele/eventstore/subscription.hpp>
#include <stele/projections/subscriptions/subscription_runner.hpp>

#include <chrono>
#include <stdexcept>

namespace bench {
namespace {

constexpr std::size_t account_count = 2000;
constexpr std::size_t event_count = 100'000;

/// Adds up the deposits.
struct adder {
    static constexpr auto name = "adder";
    static constexpr auto events = hana::tuple_t<MoneyDeposited>;
    std::int64_t& sum;
    void on(const MoneyDeposited& event, const stele::recorded_event&) const { sum += event.amount(); }
};

contender durable(stele::event_store& store, std::int64_t& sum) {
    const auto turn = [&](benchmark::State& state) {
        for (auto _ : state) {
            stele::subscription_runner runner{store};
            runner.add(adder{sum});
            runner.reset<adder>({});
            runner.catch_up();
        }
        state.SetItemsProcessed(state.iterations() * static_cast<std::int64_t>(store.head().value));
    };
    return {"durable", turn, 1};
}

/// The same by hand: the events of the type, decoded, and no position kept.
contender plain(stele::event_store& store, std::int64_t& sum) {
    const auto turn = [&](benchmark::State& state) {
        for (auto _ : state) {
            MoneyDeposited event;
            const auto subscription =
                stele::subscribe(store, {.filter = {.types = {std::string{MoneyDeposited::descriptor()->full_name()}}}},
                                 [&](const stele::recorded_event& at) {
                                     if (!event.ParseFromArray(at.payload.data(), static_cast<int>(at.payload.size())))
                                         throw std::runtime_error("no deposit");
                                     sum += event.amount();
                                 });
            if (!subscription.wait_for(store.head(), std::chrono::minutes{10}))
                throw std::runtime_error("the subscription has not come to the head");
        }
        state.SetItemsProcessed(state.iterations() * static_cast<std::int64_t>(store.head().value));
    };
    return {"plain", turn, 1};
}

}  // namespace

void measure_durable_subscription(const settings& wanted, report& out) {
    const scratch_directory directory(wanted.directory);
    make_deposits(directory / "events.db", account_count, wanted.amount(event_count));
    auto store = stele::sqlite_store::open(directory / "events.db");
    std::int64_t sum = 0;

    const auto figures = alternate({durable(store, sum), plain(store, sum)}, wanted.turns());

    out.add(comparison{"durable_subscription_over_plain", "events/s", "durable", figures[0], "plain", figures[1]});
    out.add("durable_subscription_events_per_s", spread_of(figures[0]).median);
}

}  // namespace bench
