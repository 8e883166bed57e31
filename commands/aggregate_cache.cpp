#include "commands/aggregate_cache.hpp"

#include <functional>
#include <utility>

namespace stele::inline v0::detail {
namespace {

/// So many locks that threads seldom meet at one; a small cache has one, and is full when it is full.
constexpr std::size_t shard_count = 16;
constexpr std::size_t least_sharded_capacity = 16 * shard_count;

/// Whether this thread has its turn already, with whichever cache.
thread_local bool has_turn = false;

}  // namespace

aggregate_cache::aggregate_cache(std::size_t capacity)
    : shards_(capacity < least_sharded_capacity ? 1 : shard_count), shard_capacity_(capacity / shards_.size()) {}

aggregate_cache::shard& aggregate_cache::shard_of(std::string_view stream) {
    return shards_[std::hash<std::string_view>{}(stream) % shards_.size()];
}

std::shared_ptr<aggregate_cache::entry> aggregate_cache::find_or_add(std::string_view stream) {
    shard& place = shard_of(stream);
    const std::lock_guard lock(place.mutex);
    if (const auto found = place.by_stream.find(stream); found != place.by_stream.end()) {
        place.entries.splice(place.entries.begin(), place.entries, found->second);
        return *found->second;
    }
    auto added = place.entries.emplace_front(std::make_shared<entry>(std::string{stream}));
    place.by_stream.emplace(added->stream, place.entries.begin());
    return added;
}

void aggregate_cache::settle(const std::shared_ptr<entry>& used) {
    shard& place = shard_of(used->stream);
    const std::lock_guard lock(place.mutex);
    if (!used->known) {
        // It would only push out one that has a state. It may have been pushed out itself, and another be in its place.
        const auto found = place.by_stream.find(used->stream);
        if (found == place.by_stream.end() || *found->second != used) return;
        const auto at = found->second;
        place.by_stream.erase(found);
        place.entries.erase(at);
    }
    while (place.entries.size() > shard_capacity_) {
        place.by_stream.erase(place.entries.back()->stream);
        place.entries.pop_back();
    }
}

aggregate_cache::turn::turn(aggregate_cache& cache, const stream_id& stream) : cache_(cache) {
    if (cache.shard_capacity_ == 0 || has_turn) return;
    entry_ = cache.find_or_add(stream.str());
    lock_ = std::unique_lock(entry_->in_use);
    has_turn = true;
}

aggregate_cache::turn::~turn() {
    if (!entry_) return;
    cache_.settle(entry_);
    has_turn = false;
}

std::optional<any_aggregate> aggregate_cache::turn::take() {
    return entry_ ? std::exchange(entry_->known, std::nullopt) : std::nullopt;
}

void aggregate_cache::turn::give_back(any_aggregate known) {
    if (entry_) entry_->known.emplace(std::move(known));
}

}  // namespace stele::inline v0::detail
