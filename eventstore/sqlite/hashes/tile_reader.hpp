#pragma once

#include "eventstore/hashtree/tile_source.hpp"
#include "eventstore/sqlite/hashes/hash_rows.hpp"

#include <stele/eventstore/sqlite/detail/connection.hpp>

#include <cstddef>
#include <map>
#include <optional>
#include <vector>

namespace stele::inline v0::detail {

/// The hashes over full tiles that a reader has computed: they never change, and without them each root would take them
/// from up to 255 tiles of each level again. Once it holds 4096, it is emptied. One thread at a time.
class tile_hash_cache {
public:
    std::optional<tree_hash> find(tile_place place);
    void add(tile_place place, const tree_hash& hash);

private:
    static constexpr std::size_t most = 4096;
    std::map<tile_place, tree_hash> hashes_;
};

/// The hash tree of a file, as of the read transaction in which it is made and used. One thread at a time.
class tile_reader final : public tile_source {
public:
    /// Both must outlive it. Throws stele::error (invalid_argument) for a file without a tree.
    tile_reader(connection& db, tile_hash_cache& cache);

    [[nodiscard]] std::uint64_t size() const override { return size_; }
    std::span<const tree_hash> full_tile(tile_place place) override;
    std::span<const tree_hash> open_leaves() override;
    tree_hash tile_hash(tile_place place) override;

private:
    struct kept_tile {
        tile_place place;
        std::vector<tree_hash> hashes;
    };

    hash_rows rows_;
    tile_hash_cache& cache_;
    std::uint64_t size_;
    std::vector<kept_tile> tiles_;  // the last one of each level
    std::optional<std::vector<tree_hash>> open_leaves_;
};

}  // namespace stele::inline v0::detail
