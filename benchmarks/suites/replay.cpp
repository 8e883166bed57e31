#include "benchmarks/deposits.hpp"
#include "benchmarks/floors/plain_reader.hpp"
#include "benchmarks/memory_growth.hpp"
#include "benchmarks/scratch_directory.hpp"
#include "benchmarks/suites.hpp"

#include <stele/projections/projection_runner.hpp>

#include <functional>
#include <stdexcept>
#include <string>
#include <unordered_map>

namespace bench {
namespace {

constexpr std::size_t account_count = 2000;
constexpr std::size_t event_count = 1'000'000;
constexpr std::size_t many_events = 5'000'000;

/// Finds by a view, so that looking up an account makes no string.
struct text_hash : std::hash<std::string_view> {
    using is_transparent = void;
};

/// The balance of each account, in memory.
struct balances {
    static constexpr auto name = "balances";
    static constexpr int version = 1;
    static constexpr auto events = hana::tuple_t<AccountOpened, MoneyDeposited>;

    std::unordered_map<std::string, std::int64_t, text_hash, std::equal_to<>> rows;
    std::uint64_t deposits = 0;

    void project(const AccountOpened&, const stele::recorded_event& at) {
        rows.emplace(std::string{stele::instance_id_of(at.stream)}, 0);
    }
    void project(const MoneyDeposited& event, const stele::recorded_event& at) {
        rows.find(stele::instance_id_of(at.stream))->second += event.amount();
        ++deposits;
    }
};

/// Folds everything, and returns how many deposits there were.
std::uint64_t replay(stele::event_store& store, const std::filesystem::path& directory) {
    stele::projection_runner runner{store, directory};
    runner.add<balances>();
    runner.catch_up();
    return runner.query<balances>([](const balances& all) { return all.deposits; });
}

contender replayer(stele::event_store& store, const std::filesystem::path& directory, std::uint64_t deposits) {
    const auto turn = [&store, directory, deposits](benchmark::State& state) {
        for (auto _ : state)
            if (replay(store, directory) != deposits) throw std::runtime_error("the replay has lost deposits");
        state.SetItemsProcessed(state.iterations() * static_cast<std::int64_t>(store.head().value));
    };
    return {"replay", turn, 1};
}

contender scanner(plain_reader& log) {
    const auto turn = [&log](benchmark::State& state) {
        std::uint64_t events = 0;
        for (auto _ : state) events += log.scan();
        state.SetItemsProcessed(static_cast<std::int64_t>(events));
    };
    return {"scan", turn, 1};
}

}  // namespace

void measure_replay(const settings& wanted, report& out) {
    const scratch_directory directory(wanted.directory);
    const auto deposits = wanted.amount(event_count);
    make_deposits(directory / "events.db", account_count, deposits);
    auto store = stele::sqlite_store::open(directory / "events.db");
    plain_reader plain(directory / "events.db");
    const auto all = store.head().value - account_count;

    const auto figures = alternate({replayer(store, directory / "read", all), scanner(plain)}, wanted.turns());

    out.add(comparison{"replay_memory_events_per_s_over_raw_scan", "events/s", "Stele", figures[0], "plain SQLite",
                       figures[1]});
    out.add("replay_memory_events_per_s", spread_of(figures[0]).median);
}

void measure_replay_memory(const settings& wanted, report& out) {
    const scratch_directory directory(wanted.directory);
    make_deposits(directory / "events.db", account_count, wanted.amount(many_events));
    auto store = stele::sqlite_store::open(directory / "events.db");
    const memory_growth growth;
    replay(store, directory / "read");
    out.add_row("replay_peak_rss_mib", growth.peak_mib(), "MiB");
}

}  // namespace bench
