#pragma once

#include <stele/eventstore/hashtree/tree_hash.hpp>

#include <array>
#include <cstddef>
#include <cstdint>
#include <string_view>

namespace stele::inline v0::detail {

/// The SHA-256 of bytes that come in parts. It allocates nothing and cannot fail. Used once: finish() ends it.
class sha256 {
public:
    sha256() noexcept;
    sha256& add(std::string_view bytes) noexcept;
    /// Adds the lowest `width` bytes of a number, big-endian.
    sha256& add_number(std::uint64_t value, std::size_t width) noexcept;
    tree_hash finish() noexcept;

private:
    void flush() noexcept;

    // The state of libcrypto, whose header stays out of ours.
    alignas(8) unsigned char state_[112];
    std::array<char, 256> waiting_;  // for libcrypto
    std::size_t used_ = 0;           // of these
};

/// The SHA-256 of some bytes.
tree_hash hash_of(std::string_view bytes) noexcept;

/// The hash of an inner node of the tree, by RFC 6962.
tree_hash node_hash(const tree_hash& left, const tree_hash& right) noexcept;

}  // namespace stele::inline v0::detail
