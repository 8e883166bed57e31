#include <stele/eventstore/event.hpp>

namespace stele::inline v0 {

timestamp system_time() {
    return std::chrono::floor<timestamp::duration>(std::chrono::system_clock::now());
}

std::string_view to_string(event_content content) noexcept {
    switch (content) {
        case event_content::message: return "a Protobuf message";
        case event_content::json: return "JSON";
        case event_content::octets: return "octets";
    }
    return "unknown";
}

owned_event::owned_event(const recorded_event& event)
    : position(event.position),
      version(event.version),
      recorded_at(event.recorded_at),
      id(event.id),
      stream(event.stream),
      type(event.type),
      payload(event.payload),
      metadata(event.metadata),
      content(event.content),
      foreign_metadata(event.foreign_metadata),
      tags(event.tags),
      added_tags(event.added_tags) {}

recorded_event owned_event::view() const& noexcept {
    return {.position = position,
            .version = version,
            .recorded_at = recorded_at,
            .id = id,
            .stream = stream,
            .type = type,
            .payload = payload,
            .metadata = metadata,
            .content = content,
            .foreign_metadata = foreign_metadata,
            .tags = tags,
            .added_tags = added_tags};
}

recorded_event as_recorded(const event_data& data, std::string_view stream, stream_position at,
                           detail::saturated<timestamp> recorded_at) noexcept {
    return {.position = at.position,
            .version = at.version,
            .recorded_at = recorded_at,
            .id = data.id,
            .stream = stream,
            .type = data.type,
            .payload = data.payload,
            .metadata = data.metadata,
            .content = data.content,
            .foreign_metadata = data.foreign_metadata,
            .tags = data.tags};
}

}  // namespace stele::inline v0
