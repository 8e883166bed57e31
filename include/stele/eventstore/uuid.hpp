#pragma once

#include <array>
#include <compare>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace stele::inline v0 {

/// A 128-bit universally unique identifier (RFC 9562). Event ids are of this type.
struct uuid {
    /// In network order: the order in which they are printed.
    std::array<std::uint8_t, 16> bytes{};

    /// Creates a version 7 id: 48 bits of Unix milliseconds, then a counter and random bits.
    ///
    /// Ids of one process compare in the order they were created (RFC 9562, 6.2, method 2), so an index over them grows
    /// at its end: random ids halve the append rate. Any thread may call it.
    static uuid v7();

    /// Derives a version 5 id from a namespace id and a name: the same inputs always give the same id.
    static uuid v5(const uuid& name_space, std::string_view name);

    /// Parses the 36-character form; nothing if `text` is anything else.
    [[nodiscard]] static std::optional<uuid> parse(std::string_view text);

    /// Reads the form of as_bytes(); nothing if `bytes` is not 16 bytes long.
    [[nodiscard]] static std::optional<uuid> from_bytes(std::string_view bytes);

    /// The 36-character form in lower case.
    [[nodiscard]] std::string str() const;

    /// The 16 bytes, as they are stored: a view into this object.
    [[nodiscard]] std::string_view as_bytes() const& noexcept {
        return {reinterpret_cast<const char*>(bytes.data()), bytes.size()};
    }
    void as_bytes() const&& = delete;

    /// All bits zero, the default.
    [[nodiscard]] bool is_nil() const { return bytes == std::array<std::uint8_t, 16>{}; }

    friend auto operator<=>(const uuid&, const uuid&) = default;
};

}  // namespace stele::inline v0
