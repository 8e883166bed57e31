// The functions below the EVP interface: for a leaf of some 190 bytes with its two inner hashes they take 0.46 µs
// instead of 0.76, for a node 0.16 instead of 0.26 (OpenSSL 3.0, SHA extensions), and there is no context that must be
// allocated. OpenSSL 3 calls them deprecated, in favour of EVP, and uses them itself.
#define OPENSSL_SUPPRESS_DEPRECATED
#include "eventstore/hashtree/sha256.hpp"

#include <openssl/sha.h>

#include <array>
#include <cstring>
#include <new>

namespace stele::inline v0::detail {
namespace {

SHA256_CTX* context(unsigned char* state) noexcept {
    return std::launder(reinterpret_cast<SHA256_CTX*>(state));
}

}  // namespace

sha256::sha256() noexcept {
    static_assert(sizeof state_ >= sizeof(SHA256_CTX) && alignof(SHA256_CTX) <= 8);
    SHA256_Init(new (state_) SHA256_CTX);
}

// A leaf has a dozen parts of a few bytes, and a call for each would take a fifth of its time.
sha256& sha256::add(std::string_view bytes) noexcept {
    if (bytes.size() > waiting_.size() - used_) flush();
    if (bytes.size() > waiting_.size()) {
        SHA256_Update(context(state_), bytes.data(), bytes.size());
    } else if (!bytes.empty()) {
        std::memcpy(waiting_.data() + used_, bytes.data(), bytes.size());
        used_ += bytes.size();
    }
    return *this;
}

sha256& sha256::add_number(std::uint64_t value, std::size_t width) noexcept {
    std::array<char, 8> bytes;
    for (std::size_t i = bytes.size(); i-- > 0; value >>= 8U) bytes[i] = static_cast<char>(value & 0xFFU);
    return add({bytes.data() + bytes.size() - width, width});
}

void sha256::flush() noexcept {
    SHA256_Update(context(state_), waiting_.data(), used_);
    used_ = 0;
}

tree_hash sha256::finish() noexcept {
    flush();
    tree_hash hash;
    SHA256_Final(hash.bytes.data(), context(state_));
    return hash;
}

tree_hash hash_of(std::string_view bytes) noexcept {
    static const tree_hash of_nothing = sha256{}.finish();  // metadata is often empty
    return bytes.empty() ? of_nothing : sha256{}.add(bytes).finish();
}

tree_hash node_hash(const tree_hash& left, const tree_hash& right) noexcept {
    std::array<char, 65> bytes;
    bytes[0] = 1;
    std::memcpy(bytes.data() + 1, left.bytes.data(), left.bytes.size());
    std::memcpy(bytes.data() + 33, right.bytes.data(), right.bytes.size());
    return sha256{}.add({bytes.data(), bytes.size()}).finish();
}

}  // namespace stele::inline v0::detail
