#pragma once

#include <string_view>

namespace stele::inline v0::detail {

/// Throws invalid_argument unless `name` is 1 to 512 bytes of UTF-8 without control characters. `what` ("stream name")
/// begins the message.
void check_name(std::string_view what, std::string_view name);

}  // namespace stele::inline v0::detail
