#include "codec/ignored_types.hpp"

#include <stele/eventstore/error.hpp>

#include <fmt/format.h>

#include <algorithm>

namespace stele::inline v0::detail {

ignored_types::ignored_types(const std::vector<stored_message>& messages, const schema_options& options) {
    for (const auto& each : messages)
        if (each.message == nullptr) names_.insert(each.type);
    for (const auto& name : options.ignored) {
        const auto star = name.find('*');
        if (star == name.npos)
            names_.insert(name);
        else if (star + 1 == name.size())
            prefixes_.push_back(name.substr(0, star));
        else
            throw error(
                error_kind::invalid_argument,
                fmt::format("\"{}\" in schema_options::ignored: a '*' may only stand at the end of a name.", name));
    }
}

bool ignored_types::contains(std::string_view type) const {
    return names_.contains(type) ||
           std::ranges::any_of(prefixes_, [&](const auto& each) { return type.starts_with(each); });
}

}  // namespace stele::inline v0::detail
