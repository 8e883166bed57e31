#include "eventstore/names.hpp"
#include "eventstore/read_metadata.hpp"
#include "stele_messages.pb.h"

#include <stele/eventstore/detail/parse_message.hpp>
#include <stele/eventstore/error.hpp>
#include <stele/eventstore/metadata.hpp>

#include <fmt/format.h>
#include <google/protobuf/io/coded_stream.h>
#include <google/protobuf/io/zero_copy_stream_impl_lite.h>

namespace stele::inline v0 {
namespace {

// Protobuf would write invalid UTF-8 and then be unable to read it.
void check(std::string_view field, std::string_view text) {
    if (!detail::is_utf8(text))
        throw error(error_kind::invalid_argument, fmt::format("metadata {}: the text is not valid UTF-8", field));
}

timestamp time_of(const v1::Metadata& message) {
    return timestamp{timestamp::duration{message.occurred_at()}};
}

}  // namespace

std::string encode(const metadata& value) {
    if (value == metadata{}) return {};
    check("correlation_id", value.correlation_id);
    check("causation_id", value.causation_id);
    check("actor", value.actor);
    v1::Metadata message;
    message.set_correlation_id(value.correlation_id);
    message.set_causation_id(value.causation_id);
    message.set_actor(value.actor);
    for (const auto& [name, text] : value.headers) {
        check("header name", name);
        check("header '" + name + "'", text);
        (*message.mutable_headers())[name] = text;
    }
    if (value.occurred_at) message.set_occurred_at(value.occurred_at->time_since_epoch().count());
    std::string bytes;
    {
        google::protobuf::io::StringOutputStream stream(&bytes);
        google::protobuf::io::CodedOutputStream out(&stream);
        out.SetSerializationDeterministic(true);  // the same headers always give the same bytes
        message.SerializeToCodedStream(&out);
    }
    return bytes;
}

metadata decode_metadata(std::string_view bytes) {
    v1::Metadata message;
    if (const auto parsed = detail::parse_message(message, bytes); !parsed)
        throw error(error_kind::undecodable, fmt::format("metadata: {}", parsed.error()));
    metadata value{.correlation_id = message.correlation_id(),
                   .causation_id = message.causation_id(),
                   .actor = message.actor(),
                   .headers = {message.headers().begin(), message.headers().end()}};
    if (message.has_occurred_at()) value.occurred_at = time_of(message);
    return value;
}

metadata decode_metadata(const recorded_event& event) {
    return event.foreign_metadata ? metadata{} : decode_metadata(event.metadata);
}

metadata decode_metadata(const owned_event& event) {
    return decode_metadata(event.view());
}

timestamp occurred_at(const recorded_event& event) {
    // The tag of the field, of the wire type for 64 bits. Ids do not contain that byte, so little is parsed in vain.
    constexpr char tag = (v1::Metadata::kOccurredAtFieldNumber << 3) | 1;
    if (event.foreign_metadata || !event.metadata.contains(tag)) return event.recorded_at;
    v1::Metadata message;
    const bool has_own = detail::parse_message(message, event.metadata) && message.has_occurred_at();
    return has_own ? time_of(message) : event.recorded_at;
}

timestamp occurred_at(const owned_event& event) {
    return occurred_at(event.view());
}

bool detail::has_correlation_id(std::string_view metadata, std::string_view correlation_id) {
    if (!metadata.contains(correlation_id)) return false;
    v1::Metadata message;
    return parse_message(message, metadata) && message.correlation_id() == correlation_id;
}

}  // namespace stele::inline v0
