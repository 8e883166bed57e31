#pragma once

#include "eventstore/sqlite/index/tail_part.hpp"

#include <algorithm>
#include <atomic>
#include <cstdint>
#include <deque>
#include <iterator>
#include <mutex>
#include <set>
#include <shared_mutex>
#include <span>
#include <vector>

namespace stele::inline v0::detail {

/// The events that are not in the indices yet, as a process keeps them in memory (index/README.md). Its writer and all
/// its readers share one. Any thread.
class index_tail {
public:
    /// A part has `part_events` events or some more; whole parts are merged and dropped.
    explicit index_tail(std::uint64_t part_events) : part_events_(part_events) {}

    /// It is whole up to the event at this position.
    [[nodiscard]] std::int64_t up_to() const;

    /// Begins a look with a snapshot in which the indices hold the events up to `merged` and the last event is at
    /// `head`: until leave(), the tail keeps every event between that it has. False, and no look, if it has dropped
    /// some, or was read after a removal that is not in the snapshot; a newer snapshot helps.
    [[nodiscard]] bool enter(std::int64_t merged, std::int64_t head);
    /// Ends a look that enter() began with this `merged`.
    void leave(std::int64_t merged) noexcept;

    /// Adds events in the order of their positions. Those that it has are passed over. Where they do not continue it,
    /// it stays as it is.
    void add(std::span<const index_entry> entries);
    /// The same for what `read` finds: it is called with a position, and returns all events after it up to `head`.
    /// `merged` is what the indices hold: parts up to there are dropped.
    template <class Read>
    void catch_up(std::int64_t merged, std::int64_t head, const Read& read) {
        if (up_to() >= head) return;
        const std::unique_lock lock(mutex_);
        if (up_to_ >= head) return;
        if (up_to_ < merged && looks_.empty()) restart(merged);
        const auto entries = read(up_to_);
        end_part_if_full();
        if (std::ssize(entries) < head - up_to_) {
            // What is missing was removed. An older snapshot still has it, and what was removed before it.
            whole_from_ = std::max(whole_from_, head);
            if (!looks_.empty()) parts_.emplace_back(up_to_);
        }
        for (const index_entry& each : entries) add_one(each);
        up_to_ = head;
        while (drop_part(merged)) {
        }
    }
    /// Drops the parts that lie up to `merged`.
    void drop(std::int64_t merged);
    /// The last position of the first part that is not dropped, if other parts follow it; 0 if not.
    [[nodiscard]] std::int64_t end_of_first_part(std::int64_t merged) const;

    /// As the functions of a part, of all of them.
    void find_versions(std::int64_t stream, position_range within, version_range versions, std::size_t most,
                       std::vector<std::int64_t>& found) const;
    void find_versions_backward(std::int64_t stream, position_range within, version_range versions, std::size_t most,
                                std::vector<std::int64_t>& found) const;
    [[nodiscard]] std::int64_t last_version(std::int64_t stream, position_range within) const;
    [[nodiscard]] std::vector<version_run> runs(std::int64_t stream, position_range within) const;
    void find_tag(std::int64_t tag, position_range within, std::vector<std::int64_t>& found) const;
    void find_id(const uuid& id, position_range within, std::vector<std::int64_t>& found) const;
    /// Sorted, each once.
    [[nodiscard]] std::vector<std::int64_t> streams(position_range within) const;
    [[nodiscard]] std::vector<std::int64_t> tags(position_range within) const;
    /// Sorted by id; those in order, or the others.
    [[nodiscard]] std::vector<id_position> ids(position_range within, bool in_order) const;
    [[nodiscard]] uuid greatest_id() const;

private:
    void add_one(const index_entry& entry);
    void end_part_if_full();
    void restart(std::int64_t after);
    [[nodiscard]] bool may_drop(std::int64_t merged) const;
    bool drop_part(std::int64_t merged);

    const std::uint64_t part_events_;
    mutable std::shared_mutex mutex_;
    std::deque<tail_part> parts_;
    std::multiset<std::int64_t> looks_;  // the `merged` of each
    std::int64_t begins_after_ = 0;
    std::int64_t whole_from_ = 0;  // for snapshots whose head is this or more
    std::atomic<std::int64_t> up_to_ = 0;
};

}  // namespace stele::inline v0::detail
