#pragma once

#include <algorithm>
#include <cstdint>
#include <vector>

namespace stele::inline v0::detail {

/// Sorts numbers and drops those that occur again.
inline void sort_each_once(std::vector<std::int64_t>& numbers) {
    std::ranges::sort(numbers);
    const auto repeated = std::ranges::unique(numbers);
    numbers.erase(repeated.begin(), repeated.end());
}

}  // namespace stele::inline v0::detail
