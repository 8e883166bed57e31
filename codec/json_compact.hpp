#pragma once

#include <optional>
#include <string>
#include <string_view>

namespace stele::inline v0::detail {

/// Returns JSON without the blanks between its parts, as one line; otherwise unchanged, so that numbers keep all their
/// digits and members their order. Nothing if the text is not one value of JSON (RFC 8259) in UTF-8, or is nested more
/// than 100 levels deep.
std::optional<std::string> compact_json(std::string_view text);

}  // namespace stele::inline v0::detail
