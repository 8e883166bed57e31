#pragma once

#include <stele/eventstore/detail/utf8.hpp>

#include <string_view>

namespace stele::inline v0::detail {

/// Throws invalid_argument unless `name` is 1 to 512 bytes of UTF-8 without control characters. `kind` ("stream name")
/// starts the message.
void check_name(std::string_view kind, std::string_view name);

/// Throws invalid_argument, naming it, for a text that is no tag (tag_list.hpp).
void check_tag(std::string_view tag);

/// Throws invalid_argument for that name.
[[noreturn]] void refuse_name(std::string_view kind, std::string_view name, std::string_view reason);

}  // namespace stele::inline v0::detail
