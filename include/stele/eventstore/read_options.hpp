#pragma once

#include <stele/eventstore/detail/saturating_time.hpp>
#include <stele/eventstore/event.hpp>
#include <stele/eventstore/event_query.hpp>
#include <stele/eventstore/version.hpp>

#include <cstdint>
#include <limits>
#include <string>
#include <vector>

namespace stele::inline v0 {

/// Whether to read from the first event on, or from the last one back.
enum class direction : std::uint8_t { forward, backward };

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
    /// As all_read_options::compare_leaves.
    bool compare_leaves = false;
};

/// What to read of the whole store: the events whose position is in the window (after, up_to].
struct all_read_options {
    position after{};                                 ///< Exclusive. The default starts at the first event.
    position up_to = (position::max)();               ///< Inclusive. The default ends at the head.
    stele::direction direction = direction::forward;  ///< The order of the events.
    std::uint64_t limit = (std::numeric_limits<std::uint64_t>::max)();  ///< At most this many events.
    event_query filter = {};                                            ///< Which events to read; the default is all.
    /// Only events whose occurred_at() is this time or earlier, in any unit; the order stays that of positions. There
    /// is no index for it: all that pass otherwise are read.
    detail::saturated<timestamp> occurred_up_to = (timestamp::max)();
    /// Computes the leaf of each event that is read and compares it with the one in the hash tree
    /// (docs/event-store.md): the read throws corrupt, naming the position, if any byte of the event is not what was
    /// appended. An event whose leaf is not stored yet passes, and so does every event of a store that keeps no leaves
    /// apart from its events, as a memory_store. Events that the read skips are not compared: sqlite_store::verify()
    /// compares all.
    bool compare_leaves = false;
};

}  // namespace stele::inline v0
