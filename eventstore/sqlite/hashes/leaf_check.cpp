#include "eventstore/sqlite/hashes/leaf_check.hpp"

#include <stele/eventstore/hashtree/leaf.hpp>

#include <fmt/format.h>

namespace stele::inline v0::detail {

leaf_check::leaf_check(connection& db) : db_(db), rows_(db), has_tree_(has_hash_tree(db)) {}

void leaf_check::begin() noexcept {
    head_.reset();
    if (leaves_.size() < tile_hashes) tile_.reset();
}

void leaf_check::expect(const recorded_event& event) {
    if (!has_tree_) return;
    const auto number = event.position.value - 1;
    if (!head_) head_ = rows_.head();
    if (number >= *head_) return;  // others change the file meanwhile, and what is read does not count (read_access)
    if (tile_ != number / tile_hashes) load(number / tile_hashes);
    const auto& expected = leaves_[number % tile_hashes];
    if (!expected) return;
    if (const auto leaf = leaf_hash(event); leaf != *expected)
        throw db_.damage(difference_from_leaf(event.position.value, *expected, leaf));
}

void leaf_check::load(std::uint64_t tile) {
    tile_.reset();
    const auto after = tile * tile_hashes;
    if (*head_ - after < tile_hashes) {
        leaves_ = rows_.written_leaves(after, *head_);
    } else {
        const auto hashes = rows_.tile({0, tile});
        leaves_.assign(hashes.begin(), hashes.end());
    }
    tile_ = tile;
}

std::string difference_from_leaf(std::uint64_t position, const tree_hash& expected, const tree_hash& found) {
    return fmt::format(
        "the event at position {} is not the one that was appended: its leaf in the hash tree is {}, and what is "
        "stored gives {}",
        position, expected.str(), found.str());
}

}  // namespace stele::inline v0::detail
