#include "eventstore/names.hpp"

#include <stele/eventstore/error.hpp>
#include <stele/eventstore/stream.hpp>

#include <fmt/format.h>

#include <algorithm>
#include <cstddef>
#include <cstdint>

namespace stele::inline v0::detail {
namespace {

// How many bytes the sequence that begins with `lead` has, and the range its second byte must be in.
struct sequence {
    std::size_t length;
    std::uint8_t low, high;
};

constexpr sequence sequence_of(std::uint8_t lead) {
    if (lead < 0x80) return {1, 0, 0};
    if (lead >= 0xC2 && lead <= 0xDF) return {2, 0x80, 0xBF};
    if (lead == 0xE0) return {3, 0xA0, 0xBF};
    if (lead == 0xED) return {3, 0x80, 0x9F};
    if (lead >= 0xE1 && lead <= 0xEF) return {3, 0x80, 0xBF};
    if (lead == 0xF0) return {4, 0x90, 0xBF};
    if (lead >= 0xF1 && lead <= 0xF3) return {4, 0x80, 0xBF};
    if (lead == 0xF4) return {4, 0x80, 0x8F};
    return {0, 0, 0};
}

}  // namespace

bool is_utf8(std::string_view text) noexcept {
    std::size_t i = 0;
    while (i < text.size()) {
        const auto [length, low, high] = sequence_of(static_cast<std::uint8_t>(text[i]));
        if (length == 0 || text.size() - i < length) return false;
        for (std::size_t k = 1; k < length; ++k) {
            const auto byte = static_cast<std::uint8_t>(text[i + k]);
            if (byte < (k == 1 ? low : 0x80) || byte > (k == 1 ? high : 0xBF)) return false;
        }
        i += length;
    }
    return true;
}

void refuse_name(std::string_view kind, std::string_view name, std::string_view reason) {
    throw error(error_kind::invalid_argument, fmt::format("{} '{}': {}", kind, name.substr(0, 80), reason));
}

void check_name(std::string_view kind, std::string_view name) {
    if (name.empty()) refuse_name(kind, name, "is empty; give it 1 to 512 bytes");
    if (name.size() > max_stream_name_bytes)
        refuse_name(kind, name,
                    fmt::format("has {} bytes, at most {} are allowed", name.size(), max_stream_name_bytes));
    const auto is_control = [](char c) { return static_cast<unsigned char>(c) < 0x20 || c == 0x7F; };
    if (std::ranges::any_of(name, is_control)) refuse_name(kind, "?", "contains a control character");
    if (!is_utf8(name)) refuse_name(kind, "?", "is not valid UTF-8");
}

}  // namespace stele::inline v0::detail
