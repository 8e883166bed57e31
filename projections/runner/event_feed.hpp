#pragma once

#include "projections/runner/read_ahead.hpp"

#include <stele/codec/detail/event_table.hpp>
#include <stele/eventstore/event_store.hpp>

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <vector>

namespace stele::inline v0::detail {

/// Some events in a row, for a projection.
struct event_chunk {
    std::span<const recorded_event> events = {};  ///< Of the last chunk there may be none.
    /// Their messages, of which the first is that with the index `first`; null if they have not been decoded.
    const decoded_batch* messages = nullptr;
    std::size_t first = 0;
    /// The last event of the window, also if its type does not concern the projection; none if it was removed.
    const recorded_event* last = nullptr;
    /// Every event up to here is in the chunk or in one before it, or does not concern the projection.
    position up_to = {};
    /// How many positions up to there hold no event that was read: those of other types, and of removed events.
    std::uint64_t skipped = 0;
};

/// When the events are read from the store.
enum class reading : std::uint8_t {
    when_asked,  ///< On the caller's thread, and not decoded.
    ahead,  ///< And decoded, on a thread of its own while the caller applies those before. Pays when there are many.
};

/// The events of the types of a table in a window (after, up_to] of the store, piece by piece; the last piece ends with
/// the window, also if it holds no event. Store and table must outlive it.
class event_feed {
public:
    event_feed(event_store& store, position after, position up_to, const event_table& types,
               reading how = reading::when_asked);
    event_feed(const event_feed&) = delete;
    event_feed& operator=(const event_feed&) = delete;

    /// The next events, at most `limit` of them; nothing at the end. Good until the next call.
    std::optional<event_chunk> next(std::size_t limit);

    /// Where the last chunk ended.
    [[nodiscard]] position after() const noexcept { return after_; }

private:
    void fetch();
    event_chunk end_of_window();

    event_store& store_;
    event_range range_;
    std::unique_ptr<read_ahead> ahead_;  // has the range, if there is one
    position after_;                     // where the last chunk ended
    position up_to_;
    std::optional<event_range::iterator> read_;  // once the first batch has been fetched
    const event_batch* batch_ = nullptr;
    const decoded_batch* messages_ = nullptr;
    std::size_t used_ = 0;  // events of the batch that have been given out
    bool at_end_ = false;
    event_batch end_;  // the last event of the window
};

}  // namespace stele::inline v0::detail
