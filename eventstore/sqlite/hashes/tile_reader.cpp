#include "eventstore/sqlite/hashes/tile_reader.hpp"

#include <fmt/format.h>

namespace stele::inline v0::detail {

std::optional<tree_hash> tile_hash_cache::find(tile_place place) {
    const auto found = hashes_.find(place);
    if (found == hashes_.end()) return std::nullopt;
    return found->second;
}

void tile_hash_cache::add(tile_place place, const tree_hash& hash) {
    if (hashes_.size() >= most) hashes_.clear();
    hashes_.emplace(place, hash);
}

tile_reader::tile_reader(connection& db, tile_hash_cache& cache) : rows_(db), cache_(cache), size_(rows_.head()) {
    if (!has_hash_tree(db))
        throw error(error_kind::invalid_argument,
                    fmt::format("{}: has no hash tree, because it was made with sqlite_options::hash_tree false: so it "
                                "has no root and gives no proofs; a store that is to have them is made with it true",
                                db.file()));
}

std::span<const tree_hash> tile_reader::full_tile(tile_place place) {
    if (tiles_.size() <= place.level) tiles_.resize(place.level + 1);
    auto& kept = tiles_[place.level];
    if (kept.hashes.empty() || kept.place != place) {
        const auto hashes = rows_.tile(place);
        kept = {place, {hashes.begin(), hashes.end()}};
    }
    return kept.hashes;
}

std::span<const tree_hash> tile_reader::open_leaves() {
    if (!open_leaves_) open_leaves_ = rows_.open_leaves(size_ - size_ % tile_hashes, size_).all;
    return *open_leaves_;
}

tree_hash tile_reader::tile_hash(tile_place place) {
    if (const auto known = cache_.find(place)) return *known;
    const auto hash = hash_over(rows_.tile(place));
    cache_.add(place, hash);
    return hash;
}

}  // namespace stele::inline v0::detail
