#include "eventstore/sqlite/index/tail.hpp"

#include "eventstore/sqlite/index/sort_each_once.hpp"

#include <algorithm>
#include <iterator>
#include <mutex>
#include <optional>
#include <ranges>

namespace stele::inline v0::detail {

std::int64_t index_tail::up_to() const {
    return up_to_.load(std::memory_order_acquire);
}

bool index_tail::enter(std::int64_t merged, std::int64_t head) {
    const std::unique_lock lock(mutex_);
    if (begins_after_ > merged || whole_from_ > head) return false;
    looks_.insert(merged);
    return true;
}

void index_tail::leave(std::int64_t merged) noexcept {
    const std::unique_lock lock(mutex_);
    looks_.erase(looks_.find(merged));
}

void index_tail::add(std::span<const index_entry> entries) {
    const std::unique_lock lock(mutex_);
    end_part_if_full();
    for (const auto& each : entries) {
        if (each.position <= up_to_) continue;
        if (each.position != up_to_ + 1) return;
        add_one(each);
        up_to_ = each.position;
    }
}

void index_tail::add_one(const index_entry& entry) {
    if (parts_.empty() || entry.position - parts_.back().after() >= tail_part::longest)
        parts_.emplace_back(parts_.empty() ? begins_after_ : entry.position - 1);
    parts_.back().add(entry);
}

// What comes at once stays together: there are no more parts than appends.
void index_tail::end_part_if_full() {
    if (!parts_.empty() && parts_.back().size() >= part_events_) parts_.emplace_back(up_to_);
}

void index_tail::restart(std::int64_t after) {
    parts_.clear();
    begins_after_ = after;
    up_to_ = after;
}

void index_tail::drop(std::int64_t merged) {
    std::optional<tail_part> dropped;  // destroyed without the lock
    do {
        dropped.reset();
        const std::unique_lock lock(mutex_);
        if (may_drop(merged)) {
            dropped.emplace(std::move(parts_.front()));
            drop_part(merged);
        }
    } while (dropped);
}

// Who looks at the tail may need what is beyond the indices of an older snapshot.
bool index_tail::may_drop(std::int64_t merged) const {
    const auto needed = looks_.empty() ? merged : std::min(merged, *looks_.begin());
    return parts_.size() > 1 && parts_[1].after() <= needed;
}

bool index_tail::drop_part(std::int64_t merged) {
    if (!may_drop(merged)) return false;
    parts_.pop_front();
    begins_after_ = parts_.front().after();
    return true;
}

std::int64_t index_tail::end_of_first_part(std::int64_t merged) const {
    const std::shared_lock lock(mutex_);
    for (std::size_t i = 1; i < parts_.size(); ++i)
        if (parts_[i].after() > merged) return parts_[i].after();
    return 0;
}

void index_tail::find_versions(std::int64_t stream, position_range within, version_range versions, std::size_t most,
                               std::vector<std::int64_t>& found) const {
    const std::shared_lock lock(mutex_);
    for (const auto& part : parts_) part.find_versions(stream, within, versions, most, found);
}

void index_tail::find_versions_backward(std::int64_t stream, position_range within, version_range versions,
                                        std::size_t most, std::vector<std::int64_t>& found) const {
    const std::shared_lock lock(mutex_);
    for (const auto& part : parts_ | std::views::reverse)
        part.find_versions_backward(stream, within, versions, most, found);
}

std::int64_t index_tail::last_version(std::int64_t stream, position_range within) const {
    const std::shared_lock lock(mutex_);
    for (const auto& part : parts_ | std::views::reverse)
        if (const auto version = part.last_version(stream, within); version != 0) return version;
    return 0;
}

std::vector<version_run> index_tail::runs(std::int64_t stream, position_range within) const {
    std::vector<version_run> found;
    const std::shared_lock lock(mutex_);
    for (const auto& part : parts_) part.find_runs(stream, within, found);
    return found;
}

void index_tail::find_tag(std::int64_t tag, position_range within, std::vector<std::int64_t>& found) const {
    const std::shared_lock lock(mutex_);
    for (const auto& part : parts_) part.find_tag(tag, within, found);
}

void index_tail::find_id(const uuid& id, position_range within, std::vector<std::int64_t>& found) const {
    const std::shared_lock lock(mutex_);
    for (const auto& part : parts_) part.find_id(id, within, found);
}

std::vector<std::int64_t> index_tail::streams(position_range within) const {
    std::vector<std::int64_t> found;
    {
        const std::shared_lock lock(mutex_);
        for (const auto& part : parts_) part.list_streams(within, found);
    }
    sort_each_once(found);
    return found;
}

std::vector<std::int64_t> index_tail::tags(position_range within) const {
    std::vector<std::int64_t> found;
    {
        const std::shared_lock lock(mutex_);
        for (const auto& part : parts_) part.list_tags(within, found);
    }
    sort_each_once(found);
    return found;
}

std::vector<id_position> index_tail::ids(position_range within, bool in_order) const {
    std::vector<id_position> found;
    {
        const std::shared_lock lock(mutex_);
        for (const auto& part : parts_)
            in_order ? part.list_ids_in_order(within, found) : part.list_ids_out_of_order(within, found);
    }
    if (!in_order) std::ranges::sort(found);
    return found;
}

uuid index_tail::greatest_id() const {
    const std::shared_lock lock(mutex_);
    for (const auto& part : parts_ | std::views::reverse)
        if (const auto id = part.greatest_id(); !id.is_nil()) return id;
    return {};
}

}  // namespace stele::inline v0::detail
