#pragma once

#include "eventstore/hashtree/tile_source.hpp"

#include <cstdint>
#include <span>
#include <vector>

namespace stele::inline v0::detail {

/// The hash tree of a memory_store: all leaves, and the hashes over all full tiles. One thread at a time.
class memory_tree final : public tile_source {
public:
    /// Adds the leaf of the next position.
    void add(const tree_hash& leaf);

    [[nodiscard]] std::uint64_t size() const override { return levels_.empty() ? 0 : levels_.front().size(); }
    std::span<const tree_hash> full_tile(tile_place place) override;
    std::span<const tree_hash> open_leaves() override;
    tree_hash tile_hash(tile_place place) override { return levels_.at(place.level + 1).at(place.index); }

private:
    std::vector<std::vector<tree_hash>> levels_;  // the leaves; the hashes over full tiles of them; over tiles of those
};

}  // namespace stele::inline v0::detail
