#pragma once

#include <stele/event_store.hpp>

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>

namespace stele::detail {

/// Some events in a row, for a projection.
struct event_chunk {
    std::span<const recorded_event> events;
    /// Every event up to here is in the chunk or in one before it, or does not concern the projection.
    position up_to;
    /// How many positions up to there hold no event that was read: those of other types, and of removed events.
    std::uint64_t skipped = 0;
};

/// The events of a window (after, up_to] of the store, piece by piece. The store must outlive it.
class event_feed {
public:
    event_feed(event_store& store, position after, position up_to)
        : range_(store.read_all({.after = after, .up_to = up_to})), after_(after) {}
    event_feed(const event_feed&) = delete;
    event_feed& operator=(const event_feed&) = delete;

    /// The next events, at most `limit` of them; nothing at the end. Good until the next call.
    std::optional<event_chunk> next(std::size_t limit);

private:
    event_range range_;
    position after_;                              // where the last chunk ended
    std::optional<event_range::iterator> batch_;  // once the first one has been fetched
    std::size_t used_ = 0;                        // events of the batch that have been given out
};

}  // namespace stele::detail
