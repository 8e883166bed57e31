#pragma once

#include <stele/eventstore/hashtree/tree_hash.hpp>
#include <stele/eventstore/version.hpp>

namespace stele::inline v0::detail {

/// The leaf of an event that was removed before its store had a hash tree, so that nothing but its position is known.
tree_hash leaf_of_unknown(position where) noexcept;

}  // namespace stele::inline v0::detail
