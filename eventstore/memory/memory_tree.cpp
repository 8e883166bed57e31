#include "eventstore/memory/memory_tree.hpp"

namespace stele::inline v0::detail {

void memory_tree::add(const tree_hash& leaf) {
    // From the leaf up: each tile that it fills adds a hash to the level above. All room is made before anything is
    // added, so that where there is no memory the tree stays what it was.
    unsigned filled = 0;
    do {
        if (levels_.size() == filled) levels_.emplace_back();
        if (auto& level = levels_[filled]; level.size() == level.capacity()) level.reserve(2 * level.size() + 8);
    } while (levels_[filled++].size() % tile_hashes == tile_hashes - 1);
    levels_.front().push_back(leaf);
    for (unsigned level = 1; level < filled; ++level)
        levels_[level].push_back(hash_over(std::span(levels_[level - 1]).last(tile_hashes)));
}

std::span<const tree_hash> memory_tree::full_tile(tile_place place) {
    return std::span(levels_.at(place.level)).subspan(place.index * tile_hashes, tile_hashes);
}

std::span<const tree_hash> memory_tree::open_leaves() {
    if (levels_.empty()) return {};
    return std::span(levels_.front()).last(levels_.front().size() % tile_hashes);
}

}  // namespace stele::inline v0::detail
