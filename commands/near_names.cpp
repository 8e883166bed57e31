#include "commands/near_names.hpp"

#include <algorithm>
#include <numeric>
#include <utility>

namespace stele::inline v0::detail {
namespace {

std::string_view last_part(std::string_view name) {
    return name.substr(name.rfind('.') + 1);
}

/// How many characters must be inserted, deleted or replaced to turn one into the other.
/// R. A. Wagner, M. J. Fischer, The String-to-String Correction Problem, 1974; one row of the table at a time.
std::size_t distance(std::string_view from, std::string_view to) {
    std::vector<std::size_t> row(to.size() + 1);
    std::iota(row.begin(), row.end(), 0);
    for (std::size_t i = 0; i < from.size(); ++i) {
        auto diagonal = std::exchange(row[0], i + 1);
        for (std::size_t j = 0; j < to.size(); ++j) {
            const auto replaced = diagonal + (from[i] == to[j] ? 0 : 1);
            diagonal = row[j + 1];
            row[j + 1] = std::min({replaced, diagonal + 1, row[j] + 1});
        }
    }
    return row.back();
}

}  // namespace

std::vector<std::string_view> near_names(std::string_view wrong, const std::vector<std::string_view>& names) {
    constexpr std::size_t most = 3;
    constexpr std::size_t longest = 256;  // a longer name is no typing error, and the table grows with it
    std::vector<std::pair<std::size_t, std::string_view>> found;
    if (wrong.size() > longest) return {};
    for (const auto name : names) {
        // Often only the package is missing or wrong.
        const auto far = std::min(distance(wrong, name), distance(last_part(wrong), last_part(name)));
        if (far <= last_part(name).size() / 3) found.emplace_back(far, name);
    }
    std::ranges::sort(found);
    found.resize(std::min(found.size(), most));
    std::vector<std::string_view> nearest;
    for (const auto& [far, name] : found) nearest.push_back(name);
    return nearest;
}

}  // namespace stele::inline v0::detail
