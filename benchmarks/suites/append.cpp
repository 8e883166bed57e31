#include "benchmarks/filler.hpp"
#include "benchmarks/floors/plain_log.hpp"
#include "benchmarks/scratch_directory.hpp"
#include "benchmarks/suites.hpp"

#include <fmt/format.h>

namespace bench {
namespace {

constexpr const char* name_of(stele::durability durability) {
    return durability == stele::durability::full ? "full" : "normal";
}

constexpr std::size_t stream_count = 10'000;

// One thread that appends to a store or to a plain log. The data of a turn is made before its clock starts.
template <class Log>
contender appender(const char* name, Log& log, workload& data, std::size_t events_each) {
    const auto turn = [&log, &data, events_each](benchmark::State& state) {
        const auto batches = data.batches(static_cast<std::size_t>(state.max_iterations), events_each);
        auto next = batches.begin();
        for (auto _ : state) append(log, *next++);
        state.SetItemsProcessed(state.iterations() * static_cast<std::int64_t>(events_each));
    };
    return {name, turn, 20};
}

}  // namespace

// What both sides of an append are compared with: the same rows and no index but the primary key.
void measure_append(const settings& wanted, report& out, std::size_t events_each, stele::durability durability) {
    const scratch_directory directory(wanted.directory);
    auto store = stele::sqlite_store::open(directory / "stele.db", {.durability = durability});
    plain_log plain(directory / "plain.db", layout::ceiling, durability);
    workload store_data(stream_count);
    workload plain_data(stream_count);

    const auto figures = alternate(
        {appender("stele", store, store_data, events_each), appender("plain", plain, plain_data, events_each)},
        wanted.turns());

    const auto name = fmt::format("append_batch{}_{}", events_each, name_of(durability));
    out.add(comparison{name + "_ratio", "events/s", "Stele", figures[0], "plain SQLite", figures[1]});
    out.add(name + "_events_per_s", spread_of(figures[0]).median);
    out.add(name + "_floor_events_per_s", spread_of(figures[1]).median);
}

void measure_indexed_append(const settings& wanted, report& out) {
    const scratch_directory directory(wanted.directory);
    constexpr auto durability = stele::durability::normal;
    auto store = stele::sqlite_store::open(directory / "stele.db", {.durability = durability});
    plain_log ceiling(directory / "ceiling.db", layout::ceiling, durability);
    plain_log textbook(directory / "textbook.db", layout::textbook, durability);
    workload store_data(stream_count);
    workload ceiling_data(stream_count);
    workload textbook_data(stream_count);

    const auto figures =
        alternate({appender("stele", store, store_data, 100), appender("ceiling", ceiling, ceiling_data, 100),
                   appender("textbook", textbook, textbook_data, 100)},
                  wanted.turns());

    out.add(comparison{"append_batch100_normal_over_ceiling", "events/s", "Stele", figures[0], "no index", figures[1]});
    out.add(comparison{"append_batch100_normal_over_textbook", "events/s", "Stele", figures[0], "textbook schema",
                       figures[2]});
    out.add("append_batch100_normal_events_per_s", spread_of(figures[0]).median);
    out.add("append_batch100_normal_ceiling_events_per_s", spread_of(figures[1]).median);
    out.add("append_batch100_normal_textbook_events_per_s", spread_of(figures[2]).median);
}

void measure_growth(const settings& wanted, report& out) {
    const scratch_directory directory(wanted.directory);
    const auto streams = wanted.amount(stream_count);
    auto small_data = make_filled_store(directory / "small.db", streams, 10);
    auto large_data = make_filled_store(directory / "large.db", streams, wanted.quick ? 50 : 500);
    const stele::sqlite_options options{.durability = stele::durability::normal};
    auto small = stele::sqlite_store::open(directory / "small.db", options);
    auto large = stele::sqlite_store::open(directory / "large.db", options);

    const auto figures =
        alternate({appender("large", large, large_data, 1), appender("small", small, small_data, 1)}, wanted.turns());

    out.add(
        comparison{"append_at_5m_over_at_100k", "events/s", "with 5 M events", figures[0], "with 100 k", figures[1]});
    out.add("append_at_5m_events_per_s", spread_of(figures[0]).median);
    out.add("append_at_100k_events_per_s", spread_of(figures[1]).median);
}

}  // namespace bench
