#pragma once

#include <stele/codec/schema.hpp>

#include <set>
#include <string>
#include <string_view>
#include <vector>

namespace stele::inline v0::detail {

/// The types that a program need not handle: those in the lists `ignored` of its consumers, and those of its options.
class ignored_types {
public:
    /// Throws stele::error (invalid_argument) for a '*' that is not at the end of its name.
    ignored_types(const std::vector<stored_message>& messages, const schema_options& options);

    [[nodiscard]] bool contains(std::string_view type) const;

private:
    std::set<std::string, std::less<>> names_;
    std::vector<std::string> prefixes_;
};

}  // namespace stele::inline v0::detail
