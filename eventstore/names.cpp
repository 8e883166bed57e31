#include "eventstore/names.hpp"

#include <stele/eventstore/detail/utf8.hpp>
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

// The length of the letter at the start of a text that is not empty; 0: there is none.
std::size_t letter_of(std::string_view text) noexcept {
    const auto [length, low, high] = sequence_of(static_cast<std::uint8_t>(text[0]));
    if (text.size() < length) return 0;
    for (std::size_t k = 1; k < length; ++k) {
        const auto byte = static_cast<std::uint8_t>(text[k]);
        if (byte < (k == 1 ? low : 0x80) || byte > (k == 1 ? high : 0xBF)) return 0;
    }
    return length;
}

}  // namespace

bool is_utf8(std::string_view text) noexcept {
    while (!text.empty()) {
        const auto length = letter_of(text);
        if (length == 0) return false;
        text.remove_prefix(length);
    }
    return true;
}

std::string repair_utf8(std::string_view text) {
    std::string repaired;
    while (!text.empty()) {
        const auto length = letter_of(text);
        repaired += length == 0 ? "\uFFFD" : text.substr(0, length);
        text.remove_prefix(std::max<std::size_t>(length, 1));
    }
    return repaired;
}

void refuse_name(std::string_view kind, std::string_view name, std::string_view reason) {
    throw error(error_kind::invalid_argument, fmt::format("{} '{}': {}", kind, cut_utf8(name, 80), reason));
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
