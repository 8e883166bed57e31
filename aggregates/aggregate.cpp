#include <stele/aggregates/aggregate.hpp>

#include <fmt/format.h>

namespace stele::inline v0::detail {
namespace {

void check_follows(const recorded_event& event, stream_position place) {
    if (place.version.value == 0 || event.version.value == place.version.value + 1) return;
    throw error(error_kind::corrupt,
                fmt::format("Stream \"{}\" goes from version {} to {}: events are missing, so its state is not known.",
                            event.stream, place.version.value, event.version.value));
}

/// Returns false, having done nothing, if the event at `place` is gone.
bool fold_from(event_store& store, const stream_id& stream, stream_position& place, load_window window,
               event_decoder& decoder, void* state) {
    // A state that has events begins by reading its last one again.
    const bool has_events = place.version.value != 0;
    bool is_there = !has_events;
    const version after{place.version.value - (has_events ? 1 : 0)};
    for (const event_batch& batch :
         store.read_stream(stream, {.after = after, .up_to = window.up_to, .as_of = window.as_of})) {
        for (const recorded_event& event : batch) {
            if (is_there) {
                check_follows(event, place);
                decoder.decode(event, state);
                place = {event.version, event.position};
            } else if (event.position != place.position) {
                return false;
            }
            is_there = true;
        }
    }
    return is_there;
}

}  // namespace

bool fold_stream(event_store& store, const stream_id& stream, stream_position& place, load_window window,
                 event_decoder& decoder, void* state, void (*restart)(void* state)) {
    if (fold_from(store, stream, place, window, decoder, state)) return true;
    restart(state);
    place = {};
    fold_from(store, stream, place, window, decoder, state);
    return false;
}

}  // namespace stele::inline v0::detail
