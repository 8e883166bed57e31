#pragma once

#include <stele/eventstore/sqlite/detail/connection.hpp>

#include <cstddef>

namespace stele::inline v0::detail {

/// Makes the hash tree of a file whose events have none, in the transaction of the caller: at most `most_tiles` tiles
/// of 256 leaves, after those that are there. Returns whether the tree is complete; otherwise it is called again, in
/// the same transaction or in another. Takes memory for a tile and for the open tiles of each level.
///
/// An event that is missing was removed before there was a tree; its leaf says nothing but its position. So nothing may
/// be removed before the tree is complete.
bool build_tiles(connection& db, std::size_t most_tiles);

}  // namespace stele::inline v0::detail
