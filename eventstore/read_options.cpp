#include "eventstore/read_metadata.hpp"

#include <stele/eventstore/read_options.hpp>
#include <stele/eventstore/stream.hpp>
#include <stele/eventstore/system_events.hpp>

#include <algorithm>

namespace stele::inline v0 {

bool event_filter::passes(std::string_view stream, std::string_view type) const {
    const auto begins_stream = [stream](std::string_view prefix) { return stream.starts_with(prefix); };
    return (passes_all_streams() || std::ranges::find(categories, category_of(stream)) != categories.end() ||
            std::ranges::any_of(stream_prefixes, begins_stream) ||
            std::ranges::find(streams, stream) != streams.end()) &&
           (types.empty() || std::ranges::find(types, type) != types.end()) &&
           (system_events || !type.starts_with(system_type_prefix));
}

bool event_filter::passes(const recorded_event& event) const {
    return passes(event.stream, event.type) &&
           (correlation_id.empty() ||
            (!event.foreign_metadata && detail::has_correlation_id(event.metadata, correlation_id)));
}

}  // namespace stele::inline v0
