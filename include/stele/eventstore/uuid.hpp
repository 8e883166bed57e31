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
    /// In network order, as printed.
    std::array<std::uint8_t, 16> bytes{};

    /// Makes a version 7 id: 48 bits of Unix milliseconds, then a counter and randomness.
    ///
    /// Ids made by one process compare in the order they were made (RFC 9562, 6.2, method 2), which keeps an index
    /// over them growing at its end: random ids halve the append rate. Any thread may call it.
    static uuid v7();

    /// Derives a version 5 id from a namespace id and a name: the same two always give the same id.
    static uuid v5(const uuid& name_space, std::string_view name);

    /// Reads the 36-character form; nothing if `text` is anything else.
    static std::optional<uuid> parse(std::string_view text);

    /// The 36-character form in lower case.
    [[nodiscard]] std::string str() const;

    /// All bits zero, the default.
    [[nodiscard]] bool is_nil() const { return bytes == std::array<std::uint8_t, 16>{}; }

    friend auto operator<=>(const uuid&, const uuid&) = default;
};

}  // namespace stele::inline v0
