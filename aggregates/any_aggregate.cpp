#include <stele/aggregates/detail/any_aggregate.hpp>
#include <stele/aggregates/detail/snapshot_document.hpp>
#include <stele/codec/codec.hpp>
#include <stele/eventstore/event_store.hpp>

#include <chrono>

namespace stele::inline v0::detail {
namespace {

/// Begins with the last snapshot, if it is inside the window.
void restore_snapshot(event_store& store, const stream_id& stream, any_aggregate& known, load_window window,
                      const warning_handler& warn) {
    const snapshot_functions* functions = known.type().snapshots;
    if (!functions) return;
    try {
        const auto found = find_snapshot(store, stream, *functions);
        known.needs_snapshot = found.exists && !found.state;
        if (!found.state || found.reached.version > window.up_to || found.reached.position > window.as_of) return;
        functions->restore(known.state(), *found.state);
        known.reached = found.reached;
        known.snapshot = found.reached.version;
    } catch (...) {
        known.type().restart(known.state());
        known.needs_snapshot = true;
        warn_of_failure(warn, stream.str(), "cannot be used, so all events are read");
    }
}

}  // namespace

void bring_up_to_date(event_store& store, const stream_id& stream, any_aggregate& known, load_window window,
                      const warning_handler& warn) {
    const auto begin = std::chrono::steady_clock::now();
    event_decoder decoder{*known.type().events};
    const auto fold = [&](when_truncated then) {
        return fold_stream(store, stream, known.reached, window, decoder, known.state(), known.type().restart, then);
    };
    bool is_load = known.reached.version.value == 0;
    if (!is_load && !fold(when_truncated::restarts) && known.type().snapshots) {
        // Its last event was removed. A load may find a snapshot that still holds it.
        known.type().restart(known.state());
        known.reached = {};
        is_load = true;
    }
    if (is_load) {
        restore_snapshot(store, stream, known, window, warn);
        if (!fold(when_truncated::goes_on)) {
            known.needs_snapshot |= known.snapshot.value != 0;
            known.snapshot = {};
        }
    }
    if (is_load && known.type().snapshots &&
        std::chrono::steady_clock::now() - begin > known.type().snapshots->policy.load_time)
        known.needs_snapshot = true;
}

std::vector<event_data> encode_events(const any_decision& decision, const std::string& metadata_bytes) {
    std::vector<event_data> events;
    events.reserve(decision.events().size());
    for (const auto& event : decision.events()) events.push_back(encode_event(*event, metadata_bytes));
    return events;
}

void fold_appended(any_aggregate& known, std::span<const event_data> events, stream_position end) {
    event_decoder decoder{*known.type().events};
    // From the bytes, as after a read, so that the state is the same either way.
    for (std::size_t i = 0; i < events.size(); ++i) {
        const auto left = events.size() - 1 - i;
        const stream_position at{{end.version.value - left}, {end.position.value - left}};
        decoder.decode(as_recorded(events[i], {}, at), known.state());
    }
    known.reached = end;
}

}  // namespace stele::inline v0::detail
