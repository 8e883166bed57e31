#pragma once

#include "benchmarks/workload.hpp"

#include <stele/eventstore/sqlite/sqlite_store.hpp>

#include <cstddef>
#include <filesystem>
#include <unordered_set>
#include <vector>

namespace bench {

/// Fills a store with appends of many streams each, which is faster than one by one.
class filler {
public:
    explicit filler(stele::event_store& store) : store_(store) {}

    /// Appends the batch, perhaps later: call finish() at the end.
    void add(batch what);
    void finish();

private:
    stele::event_store& store_;
    std::vector<batch> waiting_;
    std::unordered_set<std::size_t> streams_;
};

/// Appends so many events to each stream of the workload. The streams grow together, in an order that is different in
/// each round, so that the events of a stream are scattered over the file as in real life.
void fill(stele::event_store& store, workload& data, std::size_t events_each);

/// Makes a store file with so many events in each of so many streams, and returns the workload that goes on from there.
workload make_filled_store(const std::filesystem::path& file, std::size_t streams, std::size_t events_each);

/// Options for a store that keeps this many of the last events out of its indices, if it can be told so.
template <class Options = stele::sqlite_options>
Options unmerged(Options options, std::size_t events) {
    if constexpr (requires { options.merge_events; }) options.merge_events = events;
    return options;
}

}  // namespace bench
