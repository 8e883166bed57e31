#pragma once

#include "eventstore/sqlite/hashes/hash_rows.hpp"

#include <stele/eventstore/event.hpp>
#include <stele/eventstore/sqlite/detail/connection.hpp>

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

namespace stele::inline v0::detail {

/// Compares events with their leaves in the hash tree, for reads that ask for it. Cheapest for events in the order of
/// positions, in either direction. One thread at a time.
class leaf_check {
public:
    explicit leaf_check(connection& db);

    /// The events that follow are read in another transaction than those before. A full tile is kept, because it never
    /// changes.
    void begin() noexcept;
    /// Throws stele::error (corrupt), naming the position, if this is not the event that was appended, or if its tile
    /// is missing. An event whose leaf is not written yet passes, as do all in a file without a tree. In the
    /// transaction in which the event is read.
    void expect(const recorded_event& event);

private:
    void load(std::uint64_t tile);

    connection& db_;
    hash_rows rows_;
    bool has_tree_;
    std::optional<std::uint64_t> head_;  // of the transaction, once it was looked at
    std::optional<std::uint64_t> tile_;  // of level 0, whose leaves are here
    std::vector<std::optional<tree_hash>> leaves_;
};

/// What is said of an event that does not fit its leaf.
std::string difference_from_leaf(std::uint64_t position, const tree_hash& expected, const tree_hash& found);

}  // namespace stele::inline v0::detail
