#include "benchmarks/plain_log.hpp"
#include "benchmarks/scratch_directory.hpp"
#include "benchmarks/suites.hpp"

#include <fmt/format.h>

#include <stdexcept>

namespace bench {
namespace {

constexpr std::size_t stream_count = 2000;
constexpr std::size_t events_each = 100;

digest read_all(stele::sqlite_store& store) {
    digest result;
    for (const auto& batch : store.read_all())
        for (const auto& event : batch) result.add(event);
    return result;
}

digest read_all(plain_log& log) {
    return log.read_all();
}

digest read_stream(stele::sqlite_store& store, const stele::stream_id& stream) {
    digest result;
    for (const auto& batch : store.read_stream(stream))
        for (const auto& event : batch) result.add(event);
    return result;
}

digest read_stream(plain_log& log, const stele::stream_id& stream) {
    return log.read_stream(stream);
}

void check_same(const digest& store, const digest& plain) {
    if (store.events == 0 || store != plain)
        throw std::runtime_error(
            fmt::format("the store has read other events ({}) than plain SQLite ({})", store.events, plain.events));
}

template <class Log>
contender reader_of_all(const char* name, Log& log) {
    const auto turn = [&log](benchmark::State& state) {
        std::uint64_t events = 0;
        for (auto _ : state) {
            const auto seen = read_all(log);
            benchmark::DoNotOptimize(seen.sum);
            events += seen.events;
        }
        state.SetItemsProcessed(static_cast<std::int64_t>(events));
    };
    return {name, turn, 2};
}

template <class Log>
contender reader_of_streams(const char* name, Log& log, workload& data) {
    const auto turn = [&log, &data](benchmark::State& state) {
        const auto streams = data.random_streams(static_cast<std::size_t>(state.max_iterations));
        auto next = streams.begin();
        for (auto _ : state) benchmark::DoNotOptimize(read_stream(log, *next++).sum);
        state.SetItemsProcessed(state.iterations());
    };
    return {name, turn, 20};
}

}  // namespace

// Both sides read the same file.
void measure_read_all(const settings& wanted, report& out) {
    const scratch_directory directory(wanted.directory);
    make_filled_store(directory / "store.db", wanted.amount(stream_count), events_each);
    auto store = stele::sqlite_store::open(directory / "store.db");
    plain_log plain(directory / "store.db", stele::durability::full);
    check_same(read_all(store), read_all(plain));

    const auto figures = alternate({reader_of_all("stele", store), reader_of_all("plain", plain)}, wanted.turns());

    out.add(comparison{"read_all_ratio", "events/s", "Stele", figures[0], "plain SQLite", figures[1]});
    out.add("read_all_events_per_s", spread_of(figures[0]).median);
    out.add("read_all_floor_events_per_s", spread_of(figures[1]).median);
}

void measure_read_stream(const settings& wanted, report& out) {
    const scratch_directory directory(wanted.directory);
    auto store_data = make_filled_store(directory / "store.db", wanted.amount(stream_count), events_each);
    auto plain_data = store_data;
    auto store = stele::sqlite_store::open(directory / "store.db");
    plain_log plain(directory / "store.db", stele::durability::full);
    for (const auto& stream : workload(store_data).random_streams(100))
        check_same(read_stream(store, stream), read_stream(plain, stream));

    const auto figures = alternate(
        {reader_of_streams("stele", store, store_data), reader_of_streams("plain", plain, plain_data)}, wanted.turns());

    out.add(comparison{"read_stream100_ratio", "streams/s", "Stele", figures[0], "plain SQLite", figures[1]});
    out.add("read_stream100_streams_per_s", spread_of(figures[0]).median);
    out.add("read_stream100_floor_streams_per_s", spread_of(figures[1]).median);
}

}  // namespace bench
