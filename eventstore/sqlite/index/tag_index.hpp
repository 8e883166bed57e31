#pragma once

#include "eventstore/sqlite/index/event_index.hpp"
#include "eventstore/sqlite/index/tail.hpp"

#include <stele/eventstore/sqlite/detail/connection.hpp>

#include <cstdint>
#include <vector>

namespace stele::inline v0::detail {

/// Alternatives: events that carry all tags of one of these sets, by their ids. No set is empty.
using tag_sets = std::vector<std::vector<std::int64_t>>;

/// Where such events are.
struct tagged_positions {
    std::vector<std::int64_t> positions;  ///< Rising.
    std::int64_t up_to = 0;               ///< All up to here; there may be more after it.
};

/// Where the events with certain tags are: the runs of the tags, the tail, and the positions to which tags were added.
/// One for each connection; one thread at a time, in a snapshot of event_index.
class tag_index {
public:
    /// Both must outlive it.
    tag_index(connection& db, const index_tail& tail);

    /// The first positions in the range, about `most` of them. An index does not know which events were removed.
    tagged_positions find(const index_snapshot& at, const tag_sets& sets, position_range within, std::size_t most);

private:
    // Goes through the positions of one tag, in leaps.
    class cursor {
    public:
        cursor(tag_index& index, const index_snapshot& at, std::int64_t tag, std::int64_t up_to)
            : index_(index), at_(at), tag_(tag), up_to_(up_to) {}
        // The first position from `from` on; more than up_to if there is none.
        std::int64_t seek(std::int64_t from);

    private:
        void load(std::int64_t from);
        std::int64_t seek_added(std::int64_t from);

        tag_index& index_;
        index_snapshot at_;
        std::int64_t tag_, up_to_;
        std::vector<std::int64_t> loaded_;  // a run, or what the tail has
        bool is_tail_ = false;
        std::vector<std::int64_t> added_;  // some positions to which the tag was added
        bool are_last_added_ = false;
    };
    void find_set(const index_snapshot& at, const std::vector<std::int64_t>& tags, position_range within,
                  std::size_t most, std::vector<std::int64_t>& found);
    bool load_run(statement& query, std::int64_t tag, std::int64_t from, const index_snapshot& at,
                  std::vector<std::int64_t>& loaded);

    connection& db_;
    const index_tail& tail_;
    statement run_at_, run_after_, added_;
};

}  // namespace stele::inline v0::detail
