#include <stele/aggregates/detail/any_aggregate.hpp>
#include <stele/aggregates/detail/snapshot_document.hpp>
#include <stele/codec/codec.hpp>
#include <stele/eventstore/detail/removals.hpp>
#include <stele/eventstore/event_store.hpp>

#include <algorithm>
#include <chrono>

namespace stele::inline v0::detail {
namespace {

/// Makes the state that of a snapshot. Returns false if that cannot be done.
bool restore(const found_snapshot& found, const stream_id& stream, any_aggregate& known, const warning_handler& warn) {
    try {
        known.type().snapshots->restore(known.state(), *found.state);
        known.reached = found.reached;
        known.removed = found.removed;
        known.snapshot = found.reached.version;
        return true;
    } catch (...) {
        known.type().restart(known.state());
        warn_of_failure(warn, stream.str(), "cannot be used, so all events are read");
        return false;
    }
}

bool is_inside(const found_snapshot& found, load_window window) {
    return found.reached.version <= window.up_to && found.reached.position <= window.as_of &&
           window.occurred_up_to == load_window{}.occurred_up_to;  // nobody knows when the events in it occurred
}

/// Begins with the last snapshot, if it is inside the window. Returns one that should only be used if events are
/// missing, or cannot be used at all.
found_snapshot begin_with_snapshot(event_store& store, const stream_id& stream, any_aggregate& known,
                                   load_window window, const warning_handler& warn) {
    const snapshot_functions* functions = known.type().snapshots;
    if (!functions) return {};
    try {
        auto found = find_snapshot(store, stream, *functions);
        if (!found.exists) return {};
        if (!found.is_current) {
            known.needs_snapshot = true;
            return found;
        }
        if (!is_inside(found, window)) return {};
        known.needs_snapshot = !restore(found, stream, known, warn);
    } catch (...) {
        known.needs_snapshot = true;
        warn_of_failure(warn, stream.str(), "cannot be used, so all events are read");
    }
    return {};
}

void begin_again(any_aggregate& known) {
    known.type().restart(known.state());
    known.reached = {};
    known.removed = known.base = known.snapshot = {};
    known.needs_snapshot = false;
}

/// Whether events were removed from the stream that the state was folded from, so that a load gives another state.
bool lost_events(event_store& store, const stream_id& stream, const any_aggregate& known) {
    if (known.base >= known.reached.version) return false;
    for (const recorded_event& first : store.read_stream(stream, {.after = known.base, .limit = 1}).events())
        return first.version != known.base.next();
    return true;
}

/// Folds what comes after the snapshot that the state begins with, or all there is.
void fold_rest(event_store& store, const stream_id& stream, any_aggregate& known, load_window window,
               event_decoder& decoder) {
    const fold_target target{known.reached, known.removed, known.state(), known.type().restart};
    if (!fold_stream(store, stream, target, window, decoder, when_truncated::goes_on)) {
        known.needs_snapshot |= known.snapshot.value != 0;
        known.snapshot = {};
    }
    known.base = std::max(known.snapshot, known.removed);
}

/// Folds all there is, from the last good snapshot or from the first event.
void load_anew(event_store& store, const stream_id& stream, any_aggregate& known, load_window window,
               event_decoder& decoder, const warning_handler& warn) {
    const auto begin = std::chrono::steady_clock::now();
    const auto older = begin_with_snapshot(store, stream, known, window, warn);
    fold_rest(store, stream, known, window, decoder);
    if (!known.type().snapshots) return;
    // Whether it holds events that are nowhere else.
    if (older.exists && known.removed.value != 0 && older.reached.version >= known.removed &&
        is_inside(older, window) && !was_deleted_after(store, stream, older.reached.position)) {
        if (!older.state) {
            warn_of_lost_events(warn, stream.str(), known.removed);
        } else {
            begin_again(known);
            restore(older, stream, known, warn);
            fold_rest(store, stream, known, window, decoder);
            known.needs_snapshot = true;
        }
    }
    if (std::chrono::steady_clock::now() - begin > known.type().snapshots->policy.load_time)
        known.needs_snapshot = true;
}

}  // namespace

void bring_up_to_date(event_store& store, const stream_id& stream, any_aggregate& known, load_window window,
                      const warning_handler& warn) {
    event_decoder decoder{*known.type().events};
    if (known.reached.version.value != 0) {
        if (!lost_events(store, stream, known)) {
            const fold_target target{known.reached, known.removed, known.state(), known.type().restart};
            if (fold_stream(store, stream, target, window, decoder)) return;
            known.base = known.removed;
            // Its last event was removed. A load may find a snapshot that still holds it.
            if (!known.type().snapshots) return;
        }
        begin_again(known);
    }
    load_anew(store, stream, known, window, decoder, warn);
}

std::vector<event_data> encode_events(const any_decision& decision, const std::string& metadata_bytes) {
    std::vector<event_data> events;
    events.reserve(decision.events().size());
    for (const auto& event : decision.events()) events.push_back(encode_event(*event, metadata_bytes));
    return events;
}

void fold_appended(any_aggregate& known, std::span<const event_data> events, stream_position end) {
    event_decoder decoder{*known.type().events};
    // What begins after a deletion counts on from the version before.
    if (known.reached.version.value == 0) known.removed = known.base = {end.version.value - events.size()};
    // From the bytes, as after a read, so that the state is the same either way.
    for (std::size_t i = 0; i < events.size(); ++i) {
        const auto left = events.size() - 1 - i;
        const stream_position at{{end.version.value - left}, {end.position.value - left}};
        decoder.decode(as_recorded(events[i], {}, at), known.state());
    }
    known.reached = end;
}

}  // namespace stele::inline v0::detail
