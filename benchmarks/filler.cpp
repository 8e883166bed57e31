#include "benchmarks/filler.hpp"

#include "benchmarks/contest.hpp"

#include <algorithm>
#include <numeric>
#include <random>
#include <stdexcept>
#include <utility>

namespace bench {

void filler::add(batch what) {
    // A stream occurs once in an append.
    if (waiting_.size() == 1000 || streams_.contains(what.number)) finish();
    streams_.insert(what.number);
    waiting_.push_back(std::move(what));
}

void filler::finish() {
    check_interrupt();
    if (waiting_.empty()) return;
    std::vector<stele::stream_write> writes;
    writes.reserve(waiting_.size());
    for (const auto& each : waiting_)
        writes.push_back({each.stream, stele::expected_version::exactly(each.after), each.events});
    if (const auto done = store_.append(writes); !done) throw std::runtime_error(done.error().message());
    waiting_.clear();
    streams_.clear();
}

void fill(stele::event_store& store, workload& data, std::size_t events_each) {
    std::mt19937_64 random{42};
    std::vector<std::size_t> order(data.streams());
    std::iota(order.begin(), order.end(), std::size_t{0});
    filler into(store);
    for (std::size_t round = 0; round < events_each; ++round) {
        std::ranges::shuffle(order, random);
        for (const auto stream : order) into.add(data.next_of(stream, 1));
    }
    into.finish();
}

workload make_filled_store(const std::filesystem::path& file, std::size_t streams, std::size_t events_each) {
    auto store = stele::sqlite_store::open(file, {.durability = stele::durability::normal});
    workload data(streams);
    fill(store, data, events_each);
    return data;
}

}  // namespace bench
