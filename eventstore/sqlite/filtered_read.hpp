#pragma once

#include "eventstore/engine/name_ranges.hpp"
#include "eventstore/sqlite/index/tag_index.hpp"

#include <stele/eventstore/read_options.hpp>
#include <stele/eventstore/stream.hpp>

#include <algorithm>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

namespace stele::inline v0::detail {

/// The streams that a filter lets pass, prepared. Only `many` changes.
struct stream_filter {
    explicit stream_filter(const event_query& filter)
        : categories(filter.categories),
          prefixes(filter.stream_prefixes),
          names(filter.streams),
          ranges(filter),
          json(ranges.json()) {}
    [[nodiscard]] bool is_of(const event_query& filter) const {
        return categories == filter.categories && prefixes == filter.stream_prefixes && names == filter.streams;
    }

    const std::vector<std::string> categories, prefixes, names;
    const name_ranges ranges;
    const std::string json;  ///< The ranges: a list of pairs, first name and first name after.
    bool many = false;       ///< They were seen to have many events in total. For the reader that made it.
};

/// The positions, or versions, (after, up_to].
struct interval {
    std::int64_t after, up_to;

    /// Takes the next part from it, in the order of a read: up to a multiple of `size`. It must not be empty.
    interval take_part(direction order, std::int64_t size) {
        interval part = *this;
        if (order == direction::forward)
            after = part.up_to = std::min(up_to, (after / size + 1) * size);
        else
            up_to = part.after = std::max(after, (up_to - 1) / size * size);
        return part;
    }
};

/// The types that a filter lets pass.
struct type_ids {
    std::vector<std::int64_t> sorted;  ///< Empty: all types.
    std::string json;                  ///< The same as a list; empty: all types.

    [[nodiscard]] bool empty() const { return sorted.empty(); }
    [[nodiscard]] bool contains(std::int64_t id) const { return std::ranges::binary_search(sorted, id); }
};

/// A read of the events of some types in one stream, on its way, as below.
struct typed_read {
    typed_read(const stream_id& of, const stream_read_options& read) : stream(of), options(read) {}

    const stream_id& stream;
    const stream_read_options& options;
    bool begun = false;  ///< The members below are set.
    interval rest = {};  ///< The versions that are left to examine.
    type_ids types;
};

/// A filtered read on its way. Readers take turns to continue it, each by a part.
struct filtered_read {
    explicit filtered_read(const all_read_options& read) : options(read) {}

    const all_read_options& options;
    bool begun = false;  ///< The members below are set.
    interval rest = {};  ///< What is left to examine.
    type_ids types;
    std::shared_ptr<const stream_filter> streams;  ///< None: all streams.
    /// If the streams have few events in total: where those are, in the order of the read.
    std::optional<std::vector<std::int64_t>> few;
    std::optional<tag_sets> tagged;          ///< If the query names tags: the sets of them that an event can carry.
    std::int64_t tagged_window = 1LL << 16;  ///< How many positions a read backward looks at in one part.
    std::optional<event_query> others;       ///< What each event must pass besides, if anything.
};

}  // namespace stele::inline v0::detail
