#pragma once

#include <string_view>

namespace stele::inline v0::detail {

/// Whether `text` is well-formed UTF-8 (Unicode 15, table 3-7: no overlong forms, no surrogates, at most U+10FFFF).
bool is_utf8(std::string_view text) noexcept;

}  // namespace stele::inline v0::detail
