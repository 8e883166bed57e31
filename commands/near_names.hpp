#pragma once

#include <string_view>
#include <vector>

namespace stele::inline v0::detail {

/// The few of `names` that are most similar to `wrong`, the nearest first; none if no name is near.
std::vector<std::string_view> near_names(std::string_view wrong, const std::vector<std::string_view>& names);

}  // namespace stele::inline v0::detail
