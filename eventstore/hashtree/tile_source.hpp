#pragma once

#include <stele/eventstore/hashtree/tree_hash.hpp>

#include <cstddef>
#include <cstdint>
#include <span>

namespace stele::inline v0::detail {

/// How many hashes a full tile has (C2SP tlog-tiles), and what power of two that is.
inline constexpr std::size_t tile_hashes = 256;
inline constexpr unsigned tile_height = 8;

/// Where a tile stands: tile `index` of level 0 has the leaves from 256 * index on, that of level n the hashes over the
/// tiles of level n - 1 from 256 * index on.
struct tile_place {
    unsigned level = 0;
    std::uint64_t index = 0;
    friend auto operator<=>(const tile_place&, const tile_place&) = default;
};

/// The hash over a full tile, or over any 1, 2, 4, 8 … hashes of the same level: the node of the tree above them.
tree_hash hash_over(std::span<const tree_hash> hashes) noexcept;

/// What a hash tree is read from: the leaves and tiles that an engine keeps, as of one moment. One thread at a time.
class tile_source {
public:
    tile_source() = default;
    tile_source(const tile_source&) = delete;
    tile_source& operator=(const tile_source&) = delete;
    virtual ~tile_source() = default;

    /// How many leaves there are.
    [[nodiscard]] virtual std::uint64_t size() const = 0;
    /// The 256 hashes of a tile that is full at this size. Good until the next call.
    virtual std::span<const tree_hash> full_tile(tile_place place) = 0;
    /// The leaves after the last full tile of level 0: size() % 256 of them. Good until the next call.
    virtual std::span<const tree_hash> open_leaves() = 0;
    /// The hash over a full tile. An engine that keeps it need not compute it again.
    virtual tree_hash tile_hash(tile_place place) { return hash_over(full_tile(place)); }
};

}  // namespace stele::inline v0::detail
