#pragma once

#include <cstddef>
#include <string>
#include <string_view>

/// Texts from outside, made fit for messages and for fields that must be UTF-8.
namespace stele::inline v0::detail {

/// Whether `text` is well-formed UTF-8 (Unicode 15, table 3-7: no overlong forms, no surrogates, at most U+10FFFF).
[[nodiscard]] bool is_utf8(std::string_view text) noexcept;

/// Returns at most `limit` bytes from the beginning of the text, and no part of a letter.
[[nodiscard]] constexpr std::string_view cut_utf8(std::string_view text, std::size_t limit) noexcept {
    if (text.size() <= limit) return text;
    const auto continues = [&](std::size_t at) { return (static_cast<unsigned char>(text[at]) & 0xC0U) == 0x80U; };
    // A letter has at most three bytes after its first; where there are more, the text is not UTF-8 and any cut is
    // good.
    auto end = limit;
    while (end > 0 && limit - end < 3 && continues(end)) --end;
    return text.substr(0, continues(end) ? limit : end);
}

/// Returns the text with U+FFFD in place of each byte that is not part of well-formed UTF-8.
[[nodiscard]] std::string repair_utf8(std::string_view text);

}  // namespace stele::inline v0::detail
