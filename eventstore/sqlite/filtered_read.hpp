#pragma once

#include "eventstore/engine/name_ranges.hpp"

#include <stele/eventstore/read_options.hpp>
#include <stele/eventstore/stream.hpp>

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

namespace stele::inline v0::detail {

/// The streams that a filter lets pass, prepared. Only `many` changes.
struct stream_filter {
    explicit stream_filter(const event_filter& filter)
        : categories(filter.categories),
          prefixes(filter.stream_prefixes),
          names(filter.streams),
          ranges(filter),
          json(ranges.json()) {}
    [[nodiscard]] bool is_of(const event_filter& filter) const {
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
};

/// A read of the events of some types in one stream, on its way, as below.
struct typed_read {
    typed_read(const stream_id& of, const stream_read_options& read) : stream(of), options(read) {}

    const stream_id& stream;
    const stream_read_options& options;
    bool begun = false;  ///< The members below are set.
    interval rest = {};  ///< The versions that are left to examine.
    std::string types;   ///< JSON, a list of type ids.
};

/// A filtered read on its way. Readers take turns to continue it, each by a part.
struct filtered_read {
    explicit filtered_read(const all_read_options& read) : options(read) {}

    const all_read_options& options;
    bool begun = false;                            ///< The members below are set.
    interval rest = {};                            ///< What is left to examine.
    std::string types;                             ///< JSON, a list of type ids; empty: all types.
    std::shared_ptr<const stream_filter> streams;  ///< None: all streams.
    /// If the streams have few events in total: where those are, in the order of the read.
    std::optional<std::vector<std::int64_t>> few;
    std::optional<event_filter> others;  ///< What each event must pass besides, if anything.
};

}  // namespace stele::inline v0::detail
