#pragma once

#include "eventstore/hashtree/tile_source.hpp"
#include "eventstore/sqlite/hashes/leaf_rows.hpp"

#include <stele/eventstore/sqlite/detail/connection.hpp>

#include <cstdint>
#include <optional>
#include <span>
#include <vector>

namespace stele::inline v0::detail {

/// Whether the file has a hash tree: sqlite_options::hash_tree when it was made.
bool has_hash_tree(connection& db);

/// The hashes that a file holds apart from its events (docs/file-format.md, "The hash tree"). One thread at a time, in
/// a transaction. What is not as it should be is thrown as stele::error (corrupt).
///
///   stele_hash_tiles   a row for each tile that is full, of 256 hashes
///   stele_open_leaves  the leaves of the events after the last full tile of level 0, as far as they are written: each
///                      row has those from `position` on, and rows may overlap. The others are derived from `events`,
///                      so an event is not removed before its leaf is written.
class hash_rows {
public:
    explicit hash_rows(connection& db);

    /// The hashes of a full tile. Good until the next call.
    std::span<const tree_hash> tile(tile_place place);
    /// The same, or nothing if there is no such row.
    std::optional<std::span<const tree_hash>> find_tile(tile_place place);
    /// The leaves of the events after `after` up to `head`, which are all after the last full tile of level 0.
    struct leaves_after {
        std::vector<tree_hash> all;  ///< Derived where they are not written.
        std::size_t written = 0;     ///< How many are before the first one that is not.
    };
    leaves_after open_leaves(std::uint64_t after, std::uint64_t head);
    /// The same, only those that are written.
    std::vector<std::optional<tree_hash>> written_leaves(std::uint64_t after, std::uint64_t head);
    /// The position of the last event; 0 if there is none.
    std::uint64_t head();

private:
    void derive(std::vector<std::optional<tree_hash>>& leaves, std::size_t first, std::uint64_t after,
                std::uint64_t head);

    connection& db_;
    statement tile_query_, open_query_, head_query_;
    leaf_rows events_;
    std::vector<tree_hash> tile_;
};

}  // namespace stele::inline v0::detail
