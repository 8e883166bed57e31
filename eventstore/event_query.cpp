#include "eventstore/read_metadata.hpp"

#include <stele/eventstore/event_query.hpp>
#include <stele/eventstore/stream.hpp>
#include <stele/eventstore/system_events.hpp>

#include <algorithm>

namespace stele::inline v0 {
namespace {

// For both forms, which have lists of the same names.
template <class Query>
bool passes_stream(const Query& query, std::string_view stream) {
    const auto begins_stream = [stream](std::string_view prefix) { return stream.starts_with(prefix); };
    if (query.categories.empty() && query.stream_prefixes.empty() && query.streams.empty()) return true;
    return std::ranges::find(query.categories, category_of(stream)) != query.categories.end() ||
           std::ranges::any_of(query.stream_prefixes, begins_stream) ||
           std::ranges::find(query.streams, stream) != query.streams.end();
}

template <class Query>
bool passes_type(const Query& query, std::string_view type) {
    return query.types.empty() || std::ranges::find(query.types, type) != query.types.end();
}

}  // namespace

bool query_item::passes(const recorded_event& event) const {
    return event.tags.contains_all(tags) && passes_type(*this, event.type) && passes_stream(*this, event.stream);
}

bool event_query::passes(std::string_view stream, std::string_view type) const {
    return passes_stream(*this, stream) && passes_type(*this, type) &&
           (system_events || !type.starts_with(system_type_prefix));
}

bool event_query::passes(const recorded_event& event) const {
    return event.tags.contains_all(tags) && passes(event.stream, event.type) &&
           (any_of.empty() || std::ranges::any_of(any_of, [&](const auto& item) { return item.passes(event); })) &&
           (correlation_id.empty() ||
            (!event.foreign_metadata && detail::has_correlation_id(event.metadata, correlation_id)));
}

}  // namespace stele::inline v0
