#pragma once

#include "eventstore/hashtree/tile_source.hpp"

#include <stele/eventstore/hashtree/proof.hpp>

#include <optional>

/// What an engine answers from its tree: event_store's do_root(), do_prove_inclusion() and do_prove_consistency(). Each
/// throws stele::error (invalid_argument) for a size beyond the tree, and says which there are.
namespace stele::inline v0::detail {

/// The root over the events up to `size`; without one, over all.
tree_root root_of(tile_source& tree, std::optional<position> size);

/// `event` is from 1 to `size`.
inclusion_proof prove_inclusion(tile_source& tree, position event, position size);

/// `old_size` is not greater than `new_size`.
consistency_proof prove_consistency(tile_source& tree, position old_size, position new_size);

}  // namespace stele::inline v0::detail
