#pragma once

#include "eventstore/hashtree/tile_source.hpp"

#include <cstdint>
#include <vector>

/// RFC 6962, section 2.1, over tiles. Numbers are those of the RFC: leaves from 0, and sizes.
namespace stele::inline v0::detail {

/// The hash of the tree over the first `size` leaves, at most source.size().
tree_hash tree_hash_of(tile_source& source, std::uint64_t size);

/// The hashes that lead from leaf `leaf` to the root of the tree over the first `size` leaves, at most source.size().
/// `leaf` is less than `size`.
std::vector<tree_hash> inclusion_path(tile_source& source, std::uint64_t leaf, std::uint64_t size);

/// The hashes that lead from the tree over the first `old_size` leaves to the one over the first `new_size`, at most
/// source.size(). None if old_size is 0 or new_size; it is not greater.
std::vector<tree_hash> consistency_path(tile_source& source, std::uint64_t old_size, std::uint64_t new_size);

}  // namespace stele::inline v0::detail
