#include "eventstore/sqlite/hashes/leaf_check.hpp"

#include <stele/eventstore/format.hpp>
#include <stele/eventstore/hashtree/leaf.hpp>

#include <fmt/format.h>

namespace stele::inline v0::detail {

leaf_check::leaf_check(connection& db) : db_(db), rows_(db), head_(rows_.head()) {}

void leaf_check::expect(const recorded_event& event) {
    const auto number = event.position.value - 1;
    if (number >= head_) return;  // read in a later transaction
    if (tile_ != number / tile_hashes) load(number / tile_hashes);
    const auto& expected = leaves_[number % tile_hashes];
    if (!expected) return;
    if (const auto leaf = leaf_hash(event); leaf != *expected)
        throw db_.damage(
            fmt::format("the event at position {} is not the one that was appended: its leaf in the hash "
                        "tree is {}, and what is stored gives {}",
                        event.position, expected->str(), leaf.str()));
}

void leaf_check::load(std::uint64_t tile) {
    tile_.reset();
    const auto after = tile * tile_hashes;
    if (head_ - after < tile_hashes) {
        leaves_ = rows_.written_leaves(after, head_);
    } else {
        const auto hashes = rows_.tile({0, tile});
        leaves_.assign(hashes.begin(), hashes.end());
    }
    tile_ = tile;
}

}  // namespace stele::inline v0::detail
