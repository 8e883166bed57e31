#pragma once

#include <stele/eventstore/hashtree/tree_hash.hpp>
#include <stele/eventstore/version.hpp>

#include <vector>

/// The hash tree over the events of a store (RFC 6962): one hash stands for the whole history, and short proofs show
/// that an event is in it, or that a later history continues an earlier one. A store makes them (event_store.hpp); what
/// is here needs no store, so whoever keeps a root elsewhere can check what a store claims.
///
/// The event at position p is leaf p − 1 of RFC 6962, and the size of a tree is the position of its last event.
namespace stele::inline v0 {

/// The events up to a position, as one hash: equal roots mean equal histories.
struct tree_root {
    position size;   ///< The tree is over the events from position 1 to this one. 0: over none.
    tree_hash hash;  ///< The Merkle tree hash of RFC 6962.

    /// The root of a store without events.
    [[nodiscard]] static tree_root of_nothing() noexcept;

    friend bool operator==(const tree_root&, const tree_root&) = default;
};

/// Shows that an event is in a tree, with at most one hash for each doubling of the size.
struct inclusion_proof {
    position event;                 ///< Where the event stands.
    position size;                  ///< Of the tree.
    std::vector<tree_hash> hashes;  ///< From the leaf's sibling up (RFC 6962, 2.1.1).

    friend bool operator==(const inclusion_proof&, const inclusion_proof&) = default;
};

/// Shows that one tree is the beginning of another: nothing was changed, removed or put in between since.
struct consistency_proof {
    position old_size;              ///< Of the earlier tree.
    position new_size;              ///< Of the later one, at least as large.
    std::vector<tree_hash> hashes;  ///< As in RFC 6962, 2.1.2; none if the sizes are equal or the earlier one is 0.

    friend bool operator==(const consistency_proof&, const consistency_proof&) = default;
};

/// Whether the proof shows that the event with this leaf (leaf_hash(), leaf.hpp) is in the tree of this root. False for
/// a proof of another size, and for any numbers and hashes that do not belong together. Any thread may call it.
[[nodiscard]] bool verify_inclusion(const tree_hash& leaf, const inclusion_proof& proof,
                                    const tree_root& root) noexcept;

/// Whether the proof shows that the tree of `later` continues the one of `earlier`. False for a proof of other sizes,
/// and for any numbers and hashes that do not belong together. Any thread may call it.
[[nodiscard]] bool verify_consistency(const consistency_proof& proof, const tree_root& earlier,
                                      const tree_root& later) noexcept;

}  // namespace stele::inline v0
