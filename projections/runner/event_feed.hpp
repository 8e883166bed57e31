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

/// Consecutive events for a projection.
struct event_chunk {
    std::span<const recorded_event> events = {};  ///< The last chunk may have none.
    /// Their messages, from the index `first` on; null if they have not been decoded.
    const decoded_batch* messages = nullptr;
    std::size_t first = 0;
    /// The last event up to `up_to`, even if its type does not concern the projection; null if it was removed.
    const recorded_event* last = nullptr;
    /// Every event up to here is in the chunk or in an earlier one, or does not concern the projection.
    position up_to = {};
};

/// When the events are read from the store.
enum class reading : std::uint8_t {
    when_asked,         ///< On the caller's thread.
    ahead,              ///< On another thread while the caller applies earlier ones. Pays when there are many.
    ahead_and_decoded,  ///< The same, and that thread decodes them as well.
};

/// How a feed reads.
struct feed_options {
    reading how = reading::when_asked;
    event_query filter = {};      ///< Selects streams.
    bool compare_leaves = false;  ///< As all_read_options::compare_leaves.
};

/// The events of the types of a table in a window (after, up_to] of the store, in chunks; the last chunk ends with the
/// window, even if it has no event. Those that do not pass the filter are not among them; the removals of streams that
/// pass it are. Store and table must outlive it.
class event_feed {
public:
    event_feed(event_store& store, position after, position up_to, const event_table& types, feed_options options = {});
    event_feed(const event_feed&) = delete;
    event_feed& operator=(const event_feed&) = delete;

    /// The next events, at most `limit`; nothing at the end. Valid until the next call.
    std::optional<event_chunk> next(std::size_t limit);

    /// The position at which the last chunk ended.
    [[nodiscard]] position after() const noexcept { return after_; }

private:
    void fetch();
    event_chunk end_of_window();

    event_store& store_;
    event_range range_;
    std::unique_ptr<read_ahead> ahead_;  // has the range, if there is one
    position after_;                     // at which the last chunk ended
    position up_to_;
    bool compare_leaves_;
    std::optional<event_range::iterator> read_;  // once the first batch has been fetched
    const event_batch* batch_ = nullptr;
    const decoded_batch* messages_ = nullptr;
    std::size_t used_ = 0;  // events of the batch that were returned
    bool at_end_ = false;
    event_batch end_;  // the last event of the window
};

}  // namespace stele::inline v0::detail
