#include "eventstore/hashtree/tree.hpp"

#include "eventstore/hashtree/sha256.hpp"

#include <array>
#include <bit>
#include <string_view>

namespace stele::inline v0::detail {
namespace {

// A range of leaves that is a node of the tree, or the right edge of one.
struct leaf_range {
    std::uint64_t first = 0;
    std::uint64_t count = 0;

    // Where RFC 6962 splits it: at the largest power of two that is less than the count.
    [[nodiscard]] leaf_range left() const { return {first, std::bit_floor(count - 1)}; }
    [[nodiscard]] leaf_range right() const { return {first + left().count, count - left().count}; }
};

class tree {
public:
    explicit tree(tile_source& source) : source_(source), size_(source.size()) {}

    tree_hash hash(leaf_range range) {
        // A part that is split off on the left begins at a multiple of its size.
        if (std::has_single_bit(range.count)) {
            const auto height = static_cast<unsigned>(std::countr_zero(range.count));
            return node(height, range.first >> height);
        }
        return node_hash(hash(range.left()), hash(range.right()));
    }

    void add_inclusion(std::uint64_t leaf, leaf_range range, std::vector<tree_hash>& path) {
        if (range.count == 1) return;
        const auto left = range.left();
        const auto right = range.right();
        const bool is_left = leaf < right.first;
        add_inclusion(leaf, is_left ? left : right, path);
        path.push_back(hash(is_left ? right : left));
    }

    // `whole`: the old tree is the whole left side of the range so far, so that its verifier has its hash.
    void add_consistency(std::uint64_t old_size, leaf_range range, bool whole, std::vector<tree_hash>& path) {
        if (range.first + range.count == old_size) {
            if (!whole) path.push_back(hash(range));
            return;
        }
        const auto left = range.left();
        const auto right = range.right();
        if (old_size <= right.first) {
            add_consistency(old_size, left, whole, path);
            path.push_back(hash(right));
        } else {
            add_consistency(old_size, right, false, path);
            path.push_back(hash(left));
        }
    }

private:
    // The hash over the leaves from index * 2^height on, 2^height of them.
    tree_hash node(unsigned height, std::uint64_t index) {
        const unsigned level = height / tile_height;
        const unsigned above = height % tile_height;
        std::array<tree_hash, tile_hashes / 2> hashes;
        const std::size_t count = std::size_t{1} << above;
        const auto first = index << above;
        const tile_place place{level, first / tile_hashes};
        const auto in_tile = static_cast<std::size_t>(first % tile_hashes);
        if (is_full(place)) return hash_over(source_.full_tile(place).subspan(in_tile, count));
        if (level == 0) return hash_over(source_.open_leaves().subspan(in_tile, count));
        for (std::size_t i = 0; i < count; ++i) hashes[i] = source_.tile_hash({level - 1, first + i});
        return hash_over(std::span(hashes).first(count));
    }

    [[nodiscard]] bool is_full(tile_place place) const {
        const unsigned height = (place.level + 1) * tile_height;
        return height < 64 && place.index < size_ >> height;
    }

    tile_source& source_;
    std::uint64_t size_;
};

}  // namespace

tree_hash hash_over(std::span<const tree_hash> hashes) noexcept {
    std::array<tree_hash, tile_hashes / 2> nodes;
    if (hashes.size() == 1) return hashes.front();
    std::size_t count = hashes.size() / 2;
    for (std::size_t i = 0; i < count; ++i) nodes[i] = node_hash(hashes[2 * i], hashes[2 * i + 1]);
    for (; count > 1; count /= 2)
        for (std::size_t i = 0; i < count / 2; ++i) nodes[i] = node_hash(nodes[2 * i], nodes[2 * i + 1]);
    return nodes.front();
}

tree_hash tree_hash_of(tile_source& source, std::uint64_t size) {
    return size == 0 ? hash_of(std::string_view{}) : tree(source).hash({0, size});
}

std::vector<tree_hash> inclusion_path(tile_source& source, std::uint64_t leaf, std::uint64_t size) {
    std::vector<tree_hash> path;
    tree(source).add_inclusion(leaf, {0, size}, path);
    return path;
}

std::vector<tree_hash> consistency_path(tile_source& source, std::uint64_t old_size, std::uint64_t new_size) {
    std::vector<tree_hash> path;
    if (old_size > 0) tree(source).add_consistency(old_size, {0, new_size}, true, path);
    return path;
}

}  // namespace stele::inline v0::detail
