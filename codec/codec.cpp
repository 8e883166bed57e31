#include <stele/codec/codec.hpp>
#include <stele/codec/detail/message_check.hpp>
#include <stele/eventstore/error.hpp>
#include <stele/eventstore/system_events.hpp>

#include <fmt/format.h>

#include <climits>

namespace stele::inline v0 {
namespace {

using google::protobuf::Message;

std::string serialise(const Message& event) {
    const auto& type = event.GetDescriptor()->full_name();
    if (!event.IsInitialized())
        throw error(error_kind::invalid_argument,
                    fmt::format("{}: the required fields {} are not set.", type, event.InitializationErrorString()));
    detail::check_readable(event);
    const auto size = event.ByteSizeLong();
    if (size > INT_MAX)
        throw error(error_kind::invalid_argument,
                    fmt::format("{}: the message takes {} bytes; Protobuf ends at {}.", type, size, INT_MAX));
    std::string bytes;
    // The length that is passed in may exceed the one requested (libstdc++ 12).
    bytes.resize_and_overwrite(size, [&](char* data, std::size_t) {
        event.SerializeWithCachedSizesToArray(reinterpret_cast<std::uint8_t*>(data));
        return size;
    });
    return bytes;
}

}  // namespace

namespace detail {

event_data encode_event(const Message& event, std::string metadata_bytes) {
    return {.type = event.GetDescriptor()->full_name(),
            .payload = serialise(event),
            .metadata = std::move(metadata_bytes),
            .tags = tags_of_message(event)};
}

void decode_all(const event_table& table, event_range events, void* context) {
    event_decoder decoder{table};
    for (const event_batch& batch : events)
        for (const recorded_event& event : batch)
            if (is_system_event(event))
                static_cast<void>(decoder.decode_if_known(event, context));
            else
                decoder.decode(event, context);
}

}  // namespace detail
}  // namespace stele::inline v0
