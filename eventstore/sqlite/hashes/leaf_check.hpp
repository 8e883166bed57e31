#pragma once

#include "eventstore/sqlite/hashes/hash_rows.hpp"

#include <stele/eventstore/event.hpp>
#include <stele/eventstore/sqlite/detail/connection.hpp>

#include <cstdint>
#include <optional>
#include <vector>

namespace stele::inline v0::detail {

/// Compares events that were read with their leaves in the hash tree, for readers that want to be sure: in the read
/// transaction in which it is made. Cheapest for events in the order of positions. One thread at a time.
class leaf_check {
public:
    explicit leaf_check(connection& db);

    /// Throws stele::error (corrupt), naming the position, if this is not the event that was appended, or its tile is
    /// missing. An event whose leaf is not written yet passes: see verify_leaves().
    void expect(const recorded_event& event);

private:
    void load(std::uint64_t tile);

    connection& db_;
    hash_rows rows_;
    std::uint64_t head_;
    std::optional<std::uint64_t> tile_;  // of level 0, whose leaves are here
    std::vector<std::optional<tree_hash>> leaves_;
};

}  // namespace stele::inline v0::detail
