#pragma once

#include <cstddef>
#include <string>
#include <string_view>

/// Text of users on its way into a field that must be UTF-8.
namespace stele::inline v0::detail {

/// Returns the text with U+FFFD in place of each byte that is not part of well-formed UTF-8.
[[nodiscard]] std::string repair_utf8(std::string_view text);

/// Returns at most `limit` bytes from the beginning of the text, and no part of a letter.
[[nodiscard]] std::string_view cut_utf8(std::string_view text, std::size_t limit) noexcept;

}  // namespace stele::inline v0::detail
