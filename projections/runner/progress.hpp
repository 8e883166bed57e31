#pragma once

#include <stele/eventstore/event.hpp>
#include <stele/eventstore/uuid.hpp>
#include <stele/eventstore/version.hpp>

#include <cstdint>

namespace stele::inline v0::detail {

/// An event to recognise a store by.
struct seen_event {
    stele::position position;  ///< 0: none yet.
    uuid id;
    timestamp recorded_at;
};

/// What a projection did with an event.
enum class event_outcome : std::uint8_t { applied, ignored, skipped, dead_lettered };

/// How far a read model or a subscription has come, and what it did with the events: seen = applied + ignored + skipped
/// + dead_lettered, always. A read model skips nothing.
struct progress {
    /// Every event up to here has been seen.
    position checkpoint;
    /// The last event that was read. A store that does not have it is another store.
    seen_event last_seen;
    std::uint64_t seen = 0;
    std::uint64_t applied = 0;
    std::uint64_t ignored = 0;
    std::uint64_t dead_lettered = 0;
    std::uint64_t skipped = 0;
    /// It has been at the head of the store, so it may serve.
    bool complete = false;

    /// Moves past an event. The positions skipped before it hold events of other types, or removed ones: they count as
    /// ignored.
    void pass(const recorded_event& event, event_outcome outcome);

    /// Moves to a position, as if the events up to it were ignored; `last` is the last of them, null if it was removed.
    void skip_to(position up_to, const recorded_event* last);
};

}  // namespace stele::inline v0::detail
