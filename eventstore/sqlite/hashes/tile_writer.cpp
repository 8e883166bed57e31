#include "eventstore/sqlite/hashes/tile_writer.hpp"

#include "eventstore/sqlite/hashes/verify_leaves.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <optional>

namespace stele::inline v0::detail {

tile_writer::tile_writer(connection& db)
    : rows_(db),
      // A tile is written once; a row that is there already has the same hashes, or the file is damaged.
      add_tile_(db.prepare("INSERT INTO stele_hash_tiles (level, tile, hashes) VALUES (?1, ?2, ?3)")),
      // Another process may have written the leaves from this position on, fewer or more of them.
      add_leaves_(db.prepare("INSERT OR REPLACE INTO stele_open_leaves (position, hashes) VALUES (?1, ?2)")),
      drop_leaves_(db.prepare("DELETE FROM stele_open_leaves WHERE position <= ?1")),
      last_tile_(db.prepare("SELECT max(tile) FROM stele_hash_tiles WHERE level = 0")),
      db_(db),
      is_kept_(has_hash_tree(db)) {}

void tile_writer::begin(std::uint64_t head) {
    keeps_leaves_ = false;
    if (!is_kept_) return;
    if (is_loaded_ && head == size()) return;
    const auto first = head - head % tile_hashes;
    if (!is_loaded_ || first != first_ || head < size()) {
        if (const auto there = tiles_of_leaves() * tile_hashes; there != first)
            throw db_.damage(
                fmt::format("the tiles of the hash tree have {} leaves, and the last event is at position "
                            "{}, which gives {}",
                            there, head, first));
        begin_at(first);
    }
    const auto before = leaves_.size();
    const auto more = rows_.open_leaves(first_ + before, head);
    leaves_.insert(leaves_.end(), more.all.begin(), more.all.end());
    if (written_ == before) written_ += more.written;
    // Otherwise a damaged leaf would go into a tile.
    if (!is_checked_)
        verify_leaves(db_, {first_}, {head}, [this](const std::string& found) -> bool { throw db_.damage(found); });
    is_checked_ = true;
    is_loaded_ = true;
}

void tile_writer::begin_at(std::uint64_t first) {
    first_ = first;
    leaves_.clear();
    written_ = 0;
    levels_.clear();
    keeps_leaves_ = false;
}

std::uint64_t tile_writer::tiles_of_leaves() {
    const reset_guard done(last_tile_);
    return last_tile_.step() && !last_tile_.column_is_null(0) ? last_tile_.column_number(0) + 1 : 0;
}

std::uint64_t tile_writer::begin_after_tiles() {
    begin_at(tiles_of_leaves() * tile_hashes);
    is_loaded_ = true;
    return first_;
}

void tile_writer::write() {
    std::size_t done = 0;
    for (; leaves_.size() - done >= tile_hashes; done += tile_hashes)
        write_tile({0, first_ / tile_hashes + done / tile_hashes}, std::span(leaves_).subspan(done, tile_hashes));
    if (done > 0) {
        leaves_.erase(leaves_.begin(), leaves_.begin() + static_cast<std::ptrdiff_t>(done));
        first_ += done;
        written_ = 0;
        drop_leaves_.bind(1, static_cast<std::int64_t>(first_));
        drop_leaves_.run();
    }
    if (keeps_leaves_) write_open_leaves();
    keeps_leaves_ = false;
}

void tile_writer::write_all() {
    keeps_leaves_ = true;
    write();
}

void tile_writer::write_open_leaves() {
    if (written_ == leaves_.size()) return;
    const auto bytes = bytes_of(std::span(leaves_).subspan(written_));
    const reset_guard done(add_leaves_);
    add_leaves_.bind(1, static_cast<std::int64_t>(first_ + written_ + 1));
    add_leaves_.bind_blob(2, bytes);
    add_leaves_.run();
    written_ = leaves_.size();
}

void tile_writer::write_tile(tile_place place, std::span<const tree_hash> hashes) {
    const auto bytes = bytes_of(hashes);
    {
        const reset_guard done(add_tile_);
        add_tile_.bind(1, std::int64_t{place.level});
        add_tile_.bind(2, static_cast<std::int64_t>(place.index));
        add_tile_.bind_blob(3, bytes);
        add_tile_.run();
    }
    add_above(place.level + 1, place.index, hash_over(hashes));
}

// Adds the hash over tile `index` of the level below. What the open tile lacks, because another process or an earlier
// one has written those tiles, is computed when it is full.
void tile_writer::add_above(unsigned level, std::uint64_t index, const tree_hash& hash) {
    if (levels_.size() < level) levels_.resize(level);
    auto& open = levels_[level - 1];
    if (open.hashes.empty() || open.first + open.hashes.size() != index) open = {index, {}};
    open.hashes.push_back(hash);
    if ((index + 1) % tile_hashes != 0) return;

    const auto first = index + 1 - tile_hashes;
    std::vector<tree_hash> all;
    all.reserve(tile_hashes);
    for (auto each = first; each < open.first; ++each) all.push_back(hash_over(rows_.tile({level - 1, each})));
    all.insert(all.end(), open.hashes.begin(), open.hashes.end());
    open = {};
    write_tile({level, index / tile_hashes}, all);
}

}  // namespace stele::inline v0::detail
