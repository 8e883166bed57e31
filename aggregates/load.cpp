#include <stele/aggregates/load.hpp>
#include <stele/eventstore/event_store.hpp>

#include <fmt/format.h>

namespace stele::inline v0::detail {
namespace {

void check_follows(const recorded_event& event, stream_position reached) {
    if (reached.version.value == 0 || event.version.value == reached.version.value + 1) return;
    throw error(error_kind::corrupt,
                fmt::format("Stream \"{}\" goes from version {} to {}: events are missing, so its state is unknown.",
                            event.stream, reached.version.value, event.version.value));
}

/// Returns false, having done nothing, if the event at `reached` is gone.
bool fold_from(event_store& store, const stream_id& stream, stream_position& reached, load_window window,
               event_decoder& decoder, void* state) {
    // A state that has events reads its last one again first.
    const bool has_events = reached.version.value != 0;
    bool is_there = !has_events;
    const version after{reached.version.value - (has_events ? 1 : 0)};
    for (const event_batch& batch :
         store.read_stream(stream, {.after = after, .up_to = window.up_to, .as_of = window.as_of})) {
        for (const recorded_event& event : batch) {
            if (is_there) {
                check_follows(event, reached);
                decoder.decode(event, state);
                reached = {event.version, event.position};
            } else if (event.position != reached.position) {
                return false;
            }
            is_there = true;
        }
    }
    return is_there;
}

}  // namespace

bool fold_stream(event_store& store, const stream_id& stream, stream_position& reached, load_window window,
                 event_decoder& decoder, void* state, void (*restart)(void* state)) {
    if (fold_from(store, stream, reached, window, decoder, state)) return true;
    restart(state);
    reached = {};
    fold_from(store, stream, reached, window, decoder, state);
    return false;
}

}  // namespace stele::inline v0::detail
