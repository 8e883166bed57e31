#include "benchmarks/filler.hpp"
#include "benchmarks/floors/plain_reader.hpp"
#include "benchmarks/scratch_directory.hpp"
#include "benchmarks/suites.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <stdexcept>
#include <string>
#include <vector>

namespace bench {
namespace {

constexpr std::size_t stream_count = 2000;
constexpr std::size_t merged_each = 67;
constexpr std::size_t unmerged_each = 33;  // of each stream: 66 000, about 64 k
constexpr std::size_t long_stream = 100'000;

digest sum_of(stele::event_range range) {
    digest result;
    for (const auto& batch : range)
        for (const auto& event : batch) result.add(event);
    return result;
}

digest read_all(stele::sqlite_store& store) {
    return sum_of(store.read_all());
}

digest read_all(plain_reader& log) {
    return log.read_all();
}

digest read_stream(stele::sqlite_store& store, const stele::stream_id& stream) {
    return sum_of(store.read_stream(stream));
}

digest read_stream(plain_reader& log, const stele::stream_id& stream) {
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

// Reads streams chosen at random. All that it reads with its own random numbers is what the others read with theirs.
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

// A store of 200 000 events, the last third of which is not in its indices until merge() is called; and the same events
// in a file of format 1.
class library {
public:
    library(const settings& wanted, const scratch_directory& directory)
        : file_(directory / "store.db"), data(wanted.amount(stream_count)) {
        {
            auto first = stele::sqlite_store::open(file_, {.durability = stele::durability::normal});
            fill(first, data, merged_each);
        }
        store = std::make_unique<stele::sqlite_store>(stele::sqlite_store::open(
            file_, unmerged(stele::sqlite_options{.durability = stele::durability::normal}, 10 * long_stream)));
        fill(*store, data, unmerged_each);
        copy_as_format1(*store, directory / "plain.db");
        plain = std::make_unique<plain_reader>(directory / "plain.db");
    }

    // Closing a store merges everything.
    void merge() {
        store.reset();
        store = std::make_unique<stele::sqlite_store>(stele::sqlite_store::open(file_));
    }

private:
    std::filesystem::path file_;

public:
    workload data;
    std::unique_ptr<stele::sqlite_store> store;
    std::unique_ptr<plain_reader> plain;
};

void add(report& out, const std::string& name, const std::string& unit, const std::vector<rates>& figures) {
    out.add(comparison{name + "_ratio", unit + "/s", "Stele", figures[0], "plain SQLite, format 1", figures[1]});
    out.add(name + '_' + unit + "_per_s", spread_of(figures[0]).median);
    out.add(name + "_floor_" + unit + "_per_s", spread_of(figures[1]).median);
}

void compare_streams(const settings& wanted, report& out, library& from, const std::string& name) {
    auto mine = from.data;
    auto theirs = from.data;
    for (const auto& stream : workload(from.data).random_streams(100))
        check_same(read_stream(*from.store, stream), read_stream(*from.plain, stream));
    add(out, name, "streams",
        alternate({reader_of_streams("stele", *from.store, mine), reader_of_streams("plain", *from.plain, theirs)},
                  wanted.turns()));
}

void compare_all(const settings& wanted, report& out, library& from, const std::string& name) {
    check_same(read_all(*from.store), read_all(*from.plain));
    add(out, name, "events",
        alternate({reader_of_all("stele", *from.store), reader_of_all("plain", *from.plain)}, wanted.turns()));
}

}  // namespace

void measure_reads(const settings& wanted, report& out) {
    const scratch_directory directory(wanted.directory);
    library from(wanted, directory);
    compare_all(wanted, out, from, "read_all_unmerged64k");
    compare_streams(wanted, out, from, "read_stream100_unmerged64k");
    from.merge();
    compare_all(wanted, out, from, "read_all");
    compare_streams(wanted, out, from, "read_stream100");
}

// Its events are as many as those of all others, among which they are scattered.
void measure_long_stream(const settings& wanted, report& out) {
    const scratch_directory directory(wanted.directory);
    const auto events = wanted.amount(long_stream);
    workload data(101);
    {
        auto store = stele::sqlite_store::open(directory / "store.db", {.durability = stele::durability::normal});
        filler into(store);
        for (std::size_t i = 0; i < events / 20; ++i) {
            into.add(data.next_of(0, 20));
            for (std::size_t n = 0; n < 20; ++n) into.add(data.next_of(1 + (20 * i + n) % 100, 1));
        }
        into.finish();
    }
    auto store = stele::sqlite_store::open(directory / "store.db");
    copy_as_format1(store, directory / "plain.db");
    plain_reader plain(directory / "plain.db");
    const auto stream = stream_of(0);
    check_same(read_stream(store, stream), read_stream(plain, stream));

    const auto reader = [&](const char* name, auto& log) {
        const auto turn = [&](benchmark::State& state) {
            for (auto _ : state) benchmark::DoNotOptimize(read_stream(log, stream).sum);
            state.SetItemsProcessed(state.iterations() * static_cast<std::int64_t>(events));
        };
        return contender{name, turn, 2};
    };
    add(out, "read_stream_of_100k", "events",
        alternate({reader("stele", store), reader("plain", plain)}, wanted.turns()));
}

}  // namespace bench
