#include <stele/eventstore/hashtree/tree_hash.hpp>

#include <cstring>

namespace stele::inline v0 {
namespace {

constexpr std::string_view digits = "0123456789abcdef";

std::optional<std::uint8_t> value_of(char digit) {
    if (digit >= 'A' && digit <= 'F') digit = static_cast<char>(digit - 'A' + 'a');
    const auto place = digits.find(digit);
    if (place == std::string_view::npos) return std::nullopt;
    return static_cast<std::uint8_t>(place);
}

}  // namespace

std::optional<tree_hash> tree_hash::parse(std::string_view text) {
    tree_hash hash;
    if (text.size() != 2 * hash.bytes.size()) return std::nullopt;
    for (std::size_t i = 0; i < hash.bytes.size(); ++i) {
        const auto high = value_of(text[2 * i]);
        const auto low = value_of(text[2 * i + 1]);
        if (!high || !low) return std::nullopt;
        hash.bytes[i] = static_cast<std::uint8_t>(*high << 4U | *low);
    }
    return hash;
}

std::optional<tree_hash> tree_hash::from_bytes(std::string_view bytes) {
    tree_hash hash;
    if (bytes.size() != hash.bytes.size()) return std::nullopt;
    std::memcpy(hash.bytes.data(), bytes.data(), bytes.size());
    return hash;
}

std::string tree_hash::str() const {
    std::string text;
    text.reserve(2 * bytes.size());
    for (const auto byte : bytes) {
        text += digits[byte >> 4U];
        text += digits[byte & 0xFU];
    }
    return text;
}

std::string bytes_of(std::span<const tree_hash> hashes) {
    std::string bytes;
    bytes.reserve(hashes.size() * sizeof(tree_hash));
    for (const auto& hash : hashes) bytes += hash.as_bytes();
    return bytes;
}

std::optional<std::vector<tree_hash>> hashes_from_bytes(std::string_view bytes) {
    if (bytes.size() % sizeof(tree_hash) != 0) return std::nullopt;
    std::vector<tree_hash> hashes(bytes.size() / sizeof(tree_hash));
    if (!bytes.empty()) std::memcpy(hashes.data(), bytes.data(), bytes.size());
    return hashes;
}

}  // namespace stele::inline v0
