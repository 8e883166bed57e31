#include "stele_messages.pb.h"

#include <stele/eventstore/detail/parse_message.hpp>
#include <stele/eventstore/detail/removals.hpp>
#include <stele/eventstore/error.hpp>
#include <stele/eventstore/event_store.hpp>

#include <fmt/format.h>

#include <array>

namespace stele::inline v0 {
namespace detail {
namespace {

using google::protobuf::Message;

template <class Record>
removal_record type_of() {
    return {Record::descriptor()->full_name(), &Record::default_instance()};
}

event_data as_event(const Message& record) {
    return {.type = record.GetTypeName(), .payload = record.SerializeAsString(), .metadata = {}};
}

}  // namespace

template <>
std::span<const removal_record> removal_records<stream_deleted>() {
    static const std::array types{type_of<v1::StreamDeleted>(), type_of<v1::StreamTombstoned>()};
    return types;
}
template <>
std::span<const removal_record> removal_records<stream_truncated>() {
    static const std::array types{type_of<v1::StreamTruncated>()};
    return types;
}

template <>
stream_deleted read_removal<stream_deleted>(const Message& record) {
    if (record.GetDescriptor() == v1::StreamTombstoned::descriptor())
        return {static_cast<const v1::StreamTombstoned&>(record).stream(), true};
    return {static_cast<const v1::StreamDeleted&>(record).stream(), false};
}
template <>
stream_truncated read_removal<stream_truncated>(const Message& record) {
    const auto& truncated = static_cast<const v1::StreamTruncated&>(record);
    return {truncated.stream(), {truncated.before()}};
}

event_data record_of(const stream_deleted& removed) {
    if (removed.tombstoned) {
        v1::StreamTombstoned record;
        record.set_stream(removed.stream);
        return as_event(record);
    }
    v1::StreamDeleted record;
    record.set_stream(removed.stream);
    return as_event(record);
}
event_data record_of(const stream_truncated& removed) {
    v1::StreamTruncated record;
    record.set_stream(removed.stream);
    record.set_before(removed.before.value);
    return as_event(record);
}

namespace {

template <removal Removal>
std::optional<Removal> read(const recorded_event& event) {
    // Anybody may append an event of this type; only the store writes to its own category.
    if (event.stream != removals_stream) return {};
    for (const auto& [type, prototype] : removal_records<Removal>()) {
        if (event.type != type) continue;
        const std::unique_ptr<Message> record{prototype->New()};
        if (const auto parsed = parse_message(*record, event.payload); !parsed)
            throw error(error_kind::undecodable, fmt::format("The record of a removal at position {} is no {}: {}.",
                                                             event.position.value, type, parsed.error()));
        return read_removal<Removal>(*record);
    }
    return {};
}

}  // namespace

std::string removed_stream(const recorded_event& event) {
    try {
        if (const auto deleted = read<stream_deleted>(event)) return deleted->stream;
        if (const auto truncated = read<stream_truncated>(event)) return truncated->stream;
    } catch (const error&) {
        // Whoever decodes it will say so.
    }
    return {};
}

bool has_event(event_store& store, position at) {
    if (at.value == 0) return false;
    auto events = store.read_all({.after = {at.value - 1}, .up_to = at}).events();
    return events.begin() != events.end();
}

bool was_deleted(event_store& store, const stream_id& stream, position after, position up_to) {
    event_query removals;
    removals.categories = {std::string{system_category}};
    for (const auto& record : removal_records<stream_deleted>()) removals.types.emplace_back(record.type);
    for (const event_batch& batch : store.read_all({.after = after, .up_to = up_to, .filter = std::move(removals)}))
        for (const recorded_event& event : batch)
            if (removed_stream(event) == stream.str()) return true;
    return false;
}

bool was_deleted_after(event_store& store, const stream_id& stream, position then) {
    return was_deleted(store, stream, then, position::max());
}

}  // namespace detail

std::optional<stream_deleted> as_stream_deleted(const recorded_event& event) {
    return detail::read<stream_deleted>(event);
}

std::optional<stream_truncated> as_stream_truncated(const recorded_event& event) {
    return detail::read<stream_truncated>(event);
}

}  // namespace stele::inline v0
