// The verifications of RFC 9162, 2.1.3.2 and 2.1.4.2, which are those of RFC 6962 as steps. All numbers may be
// anything.

#include "eventstore/hashtree/sha256.hpp"

#include <stele/eventstore/hashtree/proof.hpp>

#include <bit>

namespace stele::inline v0 {
namespace {

using detail::node_hash;

// A node and the last node of its level, on the way from a level to the root.
struct climb {
    std::uint64_t node;
    std::uint64_t last;

    [[nodiscard]] bool is_right() const { return (node & 1U) != 0; }
    [[nodiscard]] bool is_at_root() const { return last == 0; }
    // Whether the sibling is on the left. One without a right sibling rises until it has a left one.
    bool joins_left() {
        if (!is_right() && node != last) return false;
        while (!is_right() && node != 0) rise();
        return true;
    }
    void rise() { node >>= 1U, last >>= 1U; }
};

}  // namespace

tree_root tree_root::of_nothing() noexcept {
    return {.size = {}, .hash = detail::hash_of({})};
}

bool verify_inclusion(const tree_hash& leaf, const inclusion_proof& proof, const tree_root& root) noexcept {
    if (proof.size != root.size || proof.event.value == 0 || proof.event > proof.size) return false;
    climb way{proof.event.value - 1, proof.size.value - 1};
    auto hash = leaf;
    for (const auto& each : proof.hashes) {
        if (way.is_at_root()) return false;
        hash = way.joins_left() ? node_hash(each, hash) : node_hash(hash, each);
        way.rise();
    }
    return way.is_at_root() && hash == root.hash;
}

bool verify_consistency(const consistency_proof& proof, const tree_root& earlier, const tree_root& later) noexcept {
    if (proof.old_size != earlier.size || proof.new_size != later.size || earlier.size > later.size) return false;
    const bool is_trivial = earlier.size.value == 0 || earlier.size == later.size;
    if (is_trivial)
        return proof.hashes.empty() && (earlier == later || earlier == tree_root::of_nothing()) &&
               (later.size.value != 0 || later == tree_root::of_nothing());

    // A full tree is a node of the later one, and its verifier has it.
    const bool is_node = std::has_single_bit(earlier.size.value);
    if (!is_node && proof.hashes.empty()) return false;
    climb way{earlier.size.value - 1, later.size.value - 1};
    while (way.is_right()) way.rise();
    auto old_hash = is_node ? earlier.hash : proof.hashes.front();
    auto new_hash = old_hash;
    for (auto each = proof.hashes.begin() + (is_node ? 0 : 1); each != proof.hashes.end(); ++each) {
        if (way.is_at_root()) return false;
        if (way.joins_left()) {
            old_hash = node_hash(*each, old_hash);
            new_hash = node_hash(*each, new_hash);
        } else {
            new_hash = node_hash(new_hash, *each);
        }
        way.rise();
    }
    return way.is_at_root() && old_hash == earlier.hash && new_hash == later.hash;
}

}  // namespace stele::inline v0
