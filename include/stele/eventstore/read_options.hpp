#pragma once

#include <stele/eventstore/detail/saturating_time.hpp>
#include <stele/eventstore/event.hpp>
#include <stele/eventstore/version.hpp>

#include <cstdint>
#include <limits>
#include <string>
#include <string_view>
#include <vector>

namespace stele::inline v0 {

/// Whether to read from the first event on, or from the last one back.
enum class direction : std::uint8_t { forward, backward };

/// Which events to read, follow or count. An event passes if its stream, its type and its correlation id pass.
///
/// A stream passes if any of the first three lists lets it pass, or if all three are empty. A store looks filtered
/// events up instead of scanning, by stream and by type (docs/event-store.md).
///
/// Whatever takes a filter throws invalid_argument for names that no stream or type can have: a category with a '-',
/// and names that are empty, too long, not UTF-8 or contain a control character.
struct event_filter {
    /// Passes streams of any of these categories, for example "account".
    std::vector<std::string> categories = {};
    /// Passes streams whose name begins with any of these: "user-1" passes "user-1" and "user-12".
    std::vector<std::string> stream_prefixes = {};
    /// Passes exactly these streams, by their whole names.
    std::vector<std::string> streams = {};
    /// Passes events of any of these types, by full name; empty: of all types.
    std::vector<std::string> types = {};
    /// Passes events with this correlation id in their metadata; empty: all events. There is no index for it: the
    /// metadata of each event that passes otherwise is looked at.
    std::string correlation_id = {};
    /// Whether events that the library itself has stored pass, if nothing above keeps them out (system_events.hpp).
    bool system_events = true;

    /// Whether every event passes.
    [[nodiscard]] bool empty() const {
        return passes_all_streams() && types.empty() && correlation_id.empty() && system_events;
    }
    /// Whether every stream passes.
    [[nodiscard]] bool passes_all_streams() const {
        return categories.empty() && stream_prefixes.empty() && streams.empty();
    }
    /// Whether an event of that stream and type passes, whatever its correlation id is.
    [[nodiscard]] bool passes(std::string_view stream, std::string_view type) const;
    /// Whether this event passes.
    [[nodiscard]] bool passes(const recorded_event& event) const;
};

/// What to read of one stream: the events whose version is in the window (after, up_to].
struct stream_read_options {
    version after{};                                  ///< Exclusive. The default starts at the first event.
    version up_to = (version::max)();                 ///< Inclusive. The default ends at the last event.
    stele::direction direction = direction::forward;  ///< The order of the events.
    std::uint64_t limit = (std::numeric_limits<std::uint64_t>::max)();  ///< At most this many events.
    /// Reads the stream as it was when the store's head was here. With event_store::position_at(): as of a time.
    position as_of = (position::max)();
    /// Only events of these types, by full name; empty: of all types.
    std::vector<std::string> types = {};
    /// Only events whose occurred_at() is this time or earlier, in any unit; the order stays that of versions.
    detail::saturated<timestamp> occurred_up_to = (timestamp::max)();
};

/// What to read of the whole store: the events whose position is in the window (after, up_to].
struct all_read_options {
    position after{};                                 ///< Exclusive. The default starts at the first event.
    position up_to = (position::max)();               ///< Inclusive. The default ends at the head.
    stele::direction direction = direction::forward;  ///< The order of the events.
    std::uint64_t limit = (std::numeric_limits<std::uint64_t>::max)();  ///< At most this many events.
    event_filter filter = {};                                           ///< Which events to read; the default is all.
    /// Only events whose occurred_at() is this time or earlier, in any unit; the order stays that of positions. There
    /// is no index for it: all that pass otherwise are read.
    detail::saturated<timestamp> occurred_up_to = (timestamp::max)();
};

}  // namespace stele::inline v0
