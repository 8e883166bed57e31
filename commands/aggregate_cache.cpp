#include "commands/aggregate_cache.hpp"

#include <stele/eventstore/detail/append_scope.hpp>

#include <functional>
#include <utility>

namespace stele::inline v0::detail {
namespace {

/// Enough locks that threads seldom contend; a small cache has one, so that it can use its whole capacity.
constexpr std::size_t shard_count = 16;
constexpr std::size_t least_sharded_capacity = 16 * shard_count;

/// Who holds leases on this thread, of any cache, and how many.
struct held_leases {
    const void* owner = nullptr;
    std::size_t count = 0;
};
thread_local held_leases held;

}  // namespace

aggregate_cache::aggregate_cache(std::size_t capacity)
    : shards_(capacity < least_sharded_capacity ? 1 : shard_count), shard_capacity_(capacity / shards_.size()) {}

aggregate_cache::shard& aggregate_cache::shard_of(std::string_view stream) {
    return shards_[std::hash<std::string_view>{}(stream) % shards_.size()];
}

std::shared_ptr<aggregate_cache::entry> aggregate_cache::find_or_add(std::string_view stream) {
    shard& part = shard_of(stream);
    const std::lock_guard lock(part.mutex);
    if (const auto found = part.by_stream.find(stream); found != part.by_stream.end()) {
        part.entries.splice(part.entries.begin(), part.entries, found->second);
        return *found->second;
    }
    auto added = part.entries.emplace_front(std::make_shared<entry>(std::string{stream}));
    try {
        part.by_stream.emplace(added->stream, part.entries.begin());
    } catch (...) {
        part.entries.pop_front();
        throw;
    }
    return added;
}

void aggregate_cache::settle(const std::shared_ptr<entry>& used) {
    shard& part = shard_of(used->stream);
    const std::lock_guard lock(part.mutex);
    if (!used->known) {
        // It would only evict one that has a state. It may have been evicted itself and replaced by another.
        const auto found = part.by_stream.find(used->stream);
        if (found == part.by_stream.end() || *found->second != used) return;
        const auto at = found->second;
        part.by_stream.erase(found);
        part.entries.erase(at);
    }
    while (part.entries.size() > shard_capacity_) {
        part.by_stream.erase(part.entries.back()->stream);
        part.entries.pop_back();
    }
}

aggregate_cache::lease::lease(aggregate_cache& cache, std::string_view stream, const void* owner, bool waits)
    : cache_(cache) {
    if (cache.shard_capacity_ == 0 || (held.count > 0 && held.owner != owner)) return;
    // Its holder may wait for the append that this thread is committing.
    if (append_scope::is_inside()) return;
    auto found = cache.find_or_add(stream);
    lock_ = waits ? std::unique_lock(found->in_use) : std::unique_lock(found->in_use, std::try_to_lock);
    if (!lock_) {
        is_busy_ = true;
        return;
    }
    entry_ = std::move(found);
    held = {owner, held.count + 1};
}

aggregate_cache::lease::~lease() {
    if (!entry_) return;
    cache_.settle(entry_);
    --held.count;
}

std::optional<any_aggregate> aggregate_cache::lease::take() {
    return entry_ ? std::exchange(entry_->known, std::nullopt) : std::nullopt;
}

void aggregate_cache::lease::give_back(any_aggregate known) {
    if (entry_) entry_->known.emplace(std::move(known));
}

}  // namespace stele::inline v0::detail
