#pragma once

#include "eventstore/hashtree/sha256.hpp"
#include "eventstore/hashtree/tile_source.hpp"

#include <cstdint>
#include <span>
#include <string>
#include <vector>

/// RFC 6962, section 2.1, word for word and without a thought for speed, to compare with. Nothing of it is shared with
/// the library but SHA-256.
namespace naive {

using stele::tree_hash;
using hashes = std::span<const tree_hash>;

/// k: the largest power of two smaller than n.
inline std::size_t split(std::size_t n) {
    std::size_t k = 1;
    while (2 * k < n) k *= 2;
    return k;
}

/// MTH(D[n]), of leaves that are hashed already.
inline tree_hash mth(hashes d) {
    using stele::detail::hash_of;
    if (d.empty()) return hash_of(std::string_view{});
    if (d.size() == 1) return d[0];
    const auto k = split(d.size());
    const auto left = mth(d.first(k));
    const auto right = mth(d.subspan(k));
    return hash_of(std::string("\x01") + std::string(left.as_bytes()) + std::string(right.as_bytes()));
}

inline std::vector<tree_hash> operator+(std::vector<tree_hash> list, const tree_hash& last) {
    list.push_back(last);
    return list;
}

/// PATH(m, D[n])
inline std::vector<tree_hash> path(std::size_t m, hashes d) {
    if (d.size() == 1) return {};
    const auto k = split(d.size());
    if (m < k) return path(m, d.first(k)) + mth(d.subspan(k));
    return path(m - k, d.subspan(k)) + mth(d.first(k));
}

/// SUBPROOF(m, D[n], b)
inline std::vector<tree_hash> subproof(std::size_t m, hashes d, bool b) {
    if (m == d.size()) return b ? std::vector<tree_hash>{} : std::vector{mth(d)};
    const auto k = split(d.size());
    if (m <= k) return subproof(m, d.first(k), b) + mth(d.subspan(k));
    return subproof(m - k, d.subspan(k), false) + mth(d.first(k));
}

/// PROOF(m, D[n])
inline std::vector<tree_hash> proof(std::size_t m, hashes d) {
    return subproof(m, d, true);
}

/// So many leaves that differ.
inline std::vector<tree_hash> some_leaves(std::size_t count) {
    std::vector<tree_hash> leaves;
    for (std::size_t i = 0; i < count; ++i) leaves.push_back(stele::detail::hash_of("leaf " + std::to_string(i)));
    return leaves;
}

/// Tiles as an engine keeps them: full ones, and the leaves after them; nothing is kept that need not be.
class tiles final : public stele::detail::tile_source {
public:
    explicit tiles(std::vector<tree_hash> leaves) : leaves_(std::move(leaves)) {}

    [[nodiscard]] std::uint64_t size() const override { return leaves_.size(); }
    hashes full_tile(stele::detail::tile_place place) override {
        ++tiles_read;
        tile_.clear();
        for (std::uint64_t i = 0; i < 256; ++i) tile_.push_back(at(place.level, place.index * 256 + i));
        return tile_;
    }
    hashes open_leaves() override { return hashes(leaves_).last(leaves_.size() % 256); }

    std::size_t tiles_read = 0;

private:
    [[nodiscard]] tree_hash at(unsigned level, std::uint64_t index) const {
        const std::size_t width = std::size_t{1} << (8 * level);
        return mth(hashes(leaves_).subspan(index * width, width));
    }
    std::vector<tree_hash> leaves_;
    std::vector<tree_hash> tile_;
};

}  // namespace naive
