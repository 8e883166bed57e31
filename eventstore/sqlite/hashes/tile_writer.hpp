#pragma once

#include "eventstore/hashtree/tile_source.hpp"
#include "eventstore/sqlite/hashes/hash_rows.hpp"

#include <stele/eventstore/sqlite/detail/connection.hpp>

#include <cstddef>
#include <cstdint>
#include <vector>

namespace stele::inline v0::detail {

/// Writes the hash tree of a store beside its events, in the writer's transactions: begin() is first, write() is last
/// before the commit, forget() follows a rollback. Does nothing for a file without a tree. One thread at a time.
///
/// In memory are the leaves after the last full tile, and the hashes over full tiles that no tile of the level above
/// has yet, as far as they are known: at most 255 of each level, and what one transaction adds.
class tile_writer {
public:
    explicit tile_writer(connection& db);

    /// A transaction has begun, and the last event of the file is at `head`: reads what others have appended since.
    /// Throws stele::error (corrupt) if the tree in the file is not that of so many events; the first time also if one
    /// of the last events does not fit its leaf.
    void begin(std::uint64_t head);
    /// Whether the file has a tree, for which leaves must be added.
    [[nodiscard]] bool is_kept() const { return is_kept_; }
    /// Takes the leaf of the event that was inserted behind all others.
    void add(const tree_hash& leaf) { leaves_.push_back(leaf); }
    /// How many leaves there are, those of this transaction included; also for roll_back_to().
    [[nodiscard]] std::uint64_t size() const { return first_ + leaves_.size(); }
    /// Drops the leaves of an append that is rolled back to its savepoint.
    void roll_back_to(std::uint64_t size) { leaves_.resize(size - first_); }
    /// Events are removed in this transaction, and their leaves may not be derived from them again: write() then writes
    /// all that it has.
    void keep_leaves() noexcept { keeps_leaves_ = true; }
    /// Writes the tiles that are full.
    void write();
    /// Writes also the leaves that are in no tile yet, so that from now on no event can be changed unnoticed. For a
    /// transaction before the file is closed.
    void write_all();
    /// Whether write_all() has something to write.
    [[nodiscard]] bool has_unwritten() const { return is_loaded_ && written_ < leaves_.size(); }
    /// The transaction was rolled back, or its outcome is unknown: what is here may not be in the file.
    void forget() noexcept { is_loaded_ = false; }

    /// Begins behind the full tiles of level 0 that the file has, with no leaves after them: for who adds the leaves of
    /// all events after these (build_tiles.hpp). Returns the size of the tree then.
    std::uint64_t begin_after_tiles();

private:
    // The hashes of the open tile of a level above 0 that are known: those from `first` on.
    struct open_level {
        std::uint64_t first = 0;
        std::vector<tree_hash> hashes;
    };

    void begin_at(std::uint64_t first);
    std::uint64_t tiles_of_leaves();
    void write_tile(tile_place place, std::span<const tree_hash> hashes);
    void add_above(unsigned level, std::uint64_t index, const tree_hash& hash);
    void write_open_leaves();

    hash_rows rows_;
    statement add_tile_, add_leaves_, drop_leaves_, last_tile_;
    connection& db_;
    bool is_kept_;
    bool is_checked_ = false;  // the leaves that are in no tile yet were compared with their events
    bool is_loaded_ = false;   // the members below are those of the file and this transaction
    bool keeps_leaves_ = false;
    std::uint64_t first_ = 0;         // leaf number of the first of these; a multiple of 256
    std::vector<tree_hash> leaves_;   // those after the last full tile
    std::size_t written_ = 0;         // so many of them are in stele_open_leaves
    std::vector<open_level> levels_;  // of level 1, 2 …
};

}  // namespace stele::inline v0::detail
