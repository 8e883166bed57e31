#include <stele/detail/any_aggregate.hpp>

namespace stele::detail {

void bring_up_to_date(event_store& store, const stream_id& stream, any_aggregate& known) {
    event_decoder decoder{*known.type().events};
    fold_stream(store, stream, known.place, version::max(), decoder, known.state(), known.type().restart);
}

void fold_appended(any_aggregate& known, std::span<const event_data> events, stream_place end) {
    event_decoder decoder{*known.type().events};
    // From the bytes, as after a read: a state is the same whichever way it came about.
    for (std::size_t i = 0; i < events.size(); ++i) {
        const auto left = events.size() - 1 - i;
        recorded_event event{};
        event.version = {end.version.value - left};
        event.position = {end.position.value - left};
        event.id = events[i].id;
        event.type = events[i].type;
        event.payload = events[i].payload;
        event.metadata = events[i].metadata;
        decoder.decode(event, known.state());
    }
    known.place = end;
}

}  // namespace stele::detail
