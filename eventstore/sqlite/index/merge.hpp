#pragma once

#include "eventstore/sqlite/index/index_tables.hpp"
#include "eventstore/sqlite/index/merge_state.hpp"
#include "eventstore/sqlite/index/tail.hpp"

#include <cstdint>
#include <vector>

namespace stele::inline v0::detail {

/// Moves events from the tail into the tables of the indices, in slices (index/README.md).
class merger {
public:
    /// Both must outlive it.
    merger(index_tables& tables, const index_tail& tail) : tables_(tables), tail_(tail) {}

    /// Goes on with the merge under way by about `events` events, and says in `state` how far it has come. The tail is
    /// whole from the first event that is not merged.
    void go_on(merge_state& state, std::size_t events);

private:
    // What is left of a phase, in the order of the keys.
    struct plan {
        std::int64_t merging = 0;
        merge_phase phase = merge_phase::streams;
        std::vector<std::int64_t> numbers;
        std::vector<id_position> ids;
    };
    void make_plan(const merge_state& state);
    std::size_t merge_streams(merge_state& state, std::size_t events);
    std::size_t merge_tags(merge_state& state, std::size_t events);
    std::size_t merge_blocks(merge_state& state, std::size_t events);
    std::size_t merge_ids(merge_state& state, std::size_t events);

    index_tables& tables_;
    const index_tail& tail_;
    plan plan_;
};

}  // namespace stele::inline v0::detail
