#pragma once

#include <stele/eventstore/event.hpp>
#include <stele/eventstore/version.hpp>

#include <cstddef>
#include <cstdint>
#include <limits>
#include <optional>
#include <string>

namespace stele::inline v0 {

/// What has become of a stream. The first three values are part of the file formats.
enum class stream_state : std::uint8_t {
    live = 0,        ///< It takes events.
    deleted = 1,     ///< Its events were removed; an append that expects no_stream() starts it again.
    tombstoned = 2,  ///< Its events were removed, and it takes no event again.
    absent = 3,      ///< Nothing was ever appended to it.
};

/// Where and when an event was stored.
struct event_place : stream_position {
    timestamp recorded_at{};  ///< By the clock of the store.

    friend bool operator==(const event_place&, const event_place&) = default;
};

/// What a store knows about one stream, as of one moment.
struct stream_info {
    std::string stream = {};                    ///< Its name.
    stream_state state = stream_state::absent;  ///< Whether it takes events.
    stele::version version{};                   ///< As event_store::stream_version(): 0 unless it is live.
    std::optional<event_place> first = {};      ///< Of the events that are still stored; none if none is.
    std::optional<event_place> last = {};       ///< The same.

    friend bool operator==(const stream_info&, const stream_info&) = default;
};

/// Which streams to list, in the order of the bytes of their names.
struct stream_list_options {
    /// Only streams of this category; empty: of all, but for the store's own, "stele".
    std::string category = {};
    /// Exclusive: only names greater than this. To read page by page, pass the last name of the page before.
    std::string after = {};
    /// At most this many.
    std::size_t limit = (std::numeric_limits<std::size_t>::max)();
    /// Also those that were deleted or tombstoned.
    bool removed = false;
};

}  // namespace stele::inline v0
