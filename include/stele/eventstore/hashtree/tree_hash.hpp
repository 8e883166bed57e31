#pragma once

#include <array>
#include <compare>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace stele::inline v0 {

/// A SHA-256 hash: of an event, or of a part of the hash tree over the events (proof.hpp).
struct tree_hash {
    /// In the order in which they are printed.
    std::array<std::uint8_t, 32> bytes{};

    /// Parses 64 hexadecimal digits, of either case; nothing if `text` is anything else.
    [[nodiscard]] static std::optional<tree_hash> parse(std::string_view text);

    /// Reads the form of as_bytes(); nothing if `bytes` is not 32 bytes long.
    [[nodiscard]] static std::optional<tree_hash> from_bytes(std::string_view bytes);

    /// 64 hexadecimal digits in lower case.
    [[nodiscard]] std::string str() const;

    /// The 32 bytes, as they are stored: a view into this object.
    [[nodiscard]] std::string_view as_bytes() const& noexcept {
        return {reinterpret_cast<const char*>(bytes.data()), bytes.size()};
    }
    void as_bytes() const&& = delete;

    friend auto operator<=>(const tree_hash&, const tree_hash&) = default;
};

/// The bytes of a list of hashes, one after the other: the hashes of a proof, to be sent or kept.
[[nodiscard]] std::string bytes_of(std::span<const tree_hash> hashes);

/// Reads the output of bytes_of(); nothing if the length is not a multiple of 32.
[[nodiscard]] std::optional<std::vector<tree_hash>> hashes_from_bytes(std::string_view bytes);

}  // namespace stele::inline v0
