#pragma once

#include <stele/eventstore/read_options.hpp>

#include <string>
#include <string_view>
#include <vector>

namespace stele::inline v0::detail {

/// The names that a filter by streams lets pass, as ranges in the order of their bytes. To test a name takes the
/// logarithm of their number.
class name_ranges {
public:
    /// Names from `first` up to, not including, `end`; an empty `end` is after all names.
    struct range {
        std::string first, end;
    };

    name_ranges() = default;
    explicit name_ranges(const event_query& filter);

    [[nodiscard]] bool empty() const { return ranges_.empty(); }
    [[nodiscard]] bool contains(std::string_view name) const;
    /// As a JSON list of pairs; null stands for an empty `end`.
    [[nodiscard]] std::string json() const;

private:
    std::vector<range> ranges_;  // in order; none touches another
};

}  // namespace stele::inline v0::detail
