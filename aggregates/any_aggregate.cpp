#include <stele/aggregates/detail/any_aggregate.hpp>
#include <stele/aggregates/detail/snapshot_document.hpp>

#include <chrono>

namespace stele::inline v0::detail {
namespace {

/// Begins with the last snapshot, if that is inside the window.
void begin_with_snapshot(event_store& store, const stream_id& stream, any_aggregate& known, load_window window,
                         const warning_handler& warn) {
    const snapshot_functions* functions = known.type().snapshots;
    if (!functions) return;
    try {
        const auto found = find_snapshot(store, stream, *functions);
        known.needs_snapshot = found.is_there && !found.state;
        if (!found.state || found.place.version > window.up_to || found.place.position > window.as_of) return;
        functions->restore(known.state(), *found.state);
        known.place = found.place;
        known.snapshot = found.place.version;
    } catch (...) {
        known.type().restart(known.state());
        known.needs_snapshot = true;
        tell_failure(warn, stream.str(), "cannot be used, so all events are read");
    }
}

}  // namespace

void bring_up_to_date(event_store& store, const stream_id& stream, any_aggregate& known, load_window window,
                      const warning_handler& warn) {
    const bool is_load = known.place.version.value == 0;
    const auto begin = std::chrono::steady_clock::now();
    if (is_load) begin_with_snapshot(store, stream, known, window, warn);
    event_decoder decoder{*known.type().events};
    if (!fold_stream(store, stream, known.place, window, decoder, known.state(), known.type().restart)) {
        known.needs_snapshot |= known.snapshot.value != 0;
        known.snapshot = {};
    }
    if (is_load && known.type().snapshots &&
        std::chrono::steady_clock::now() - begin > known.type().snapshots->policy.load_time)
        known.needs_snapshot = true;
}

void fold_appended(any_aggregate& known, std::span<const event_data> events, stream_position end) {
    event_decoder decoder{*known.type().events};
    // From the bytes, as after a read: a state is the same whichever way it came about.
    for (std::size_t i = 0; i < events.size(); ++i) {
        const auto left = events.size() - 1 - i;
        const stream_position at{{end.version.value - left}, {end.position.value - left}};
        decoder.decode(as_recorded(events[i], {}, at), known.state());
    }
    known.place = end;
}

}  // namespace stele::inline v0::detail
