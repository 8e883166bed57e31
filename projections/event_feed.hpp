#pragma once

#include <stele/event_store.hpp>

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <vector>

namespace stele::detail {

/// Some events in a row, for a projection.
struct event_chunk {
    std::span<const recorded_event> events;  ///< Of the last chunk there may be none.
    /// The last event of the window, also if its type does not concern the projection; none if it was removed.
    const recorded_event* last = nullptr;
    /// Every event up to here is in the chunk or in one before it, or does not concern the projection.
    position up_to;
    /// How many positions up to there hold no event that was read: those of other types, and of removed events.
    std::uint64_t skipped = 0;
};

/// When the events are read from the store.
enum class reading : std::uint8_t {
    when_asked,  ///< On the caller's thread.
    ahead,       ///< On a thread of its own, while the caller applies those before. Pays when there are many.
};

/// The events of some types in a window (after, up_to] of the store, piece by piece; the last piece ends with the
/// window, also if it holds no event. The store must outlive it.
class event_feed {
public:
    event_feed(event_store& store, position after, position up_to, std::vector<std::string> types,
               reading how = reading::when_asked);
    event_feed(const event_feed&) = delete;
    event_feed& operator=(const event_feed&) = delete;

    /// The next events, at most `limit` of them; nothing at the end. Good until the next call.
    std::optional<event_chunk> next(std::size_t limit);

    /// Where the last chunk ended.
    [[nodiscard]] position after() const noexcept { return after_; }

private:
    event_chunk end_of_window();

    event_store& store_;
    event_range range_;
    position after_;  // where the last chunk ended
    position up_to_;
    std::optional<event_range::iterator> batch_;  // once the first one has been fetched
    std::size_t used_ = 0;                        // events of the batch that have been given out
    event_batch end_;                             // the last event of the window
};

}  // namespace stele::detail
