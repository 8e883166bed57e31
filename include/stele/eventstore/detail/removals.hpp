#pragma once

#include <stele/eventstore/event.hpp>
#include <stele/eventstore/stream.hpp>
#include <stele/eventstore/system_events.hpp>

#include <concepts>
#include <span>
#include <string>
#include <string_view>

namespace google::protobuf {
class Message;  // NOLINT(readability-identifier-naming)
}

namespace stele::inline v0 {
class event_store;
}

/// The records of removals: what is stored in the stream "stele-streams", and what is told of it.
namespace stele::inline v0::detail {

/// What tells of a removal.
template <class T>
concept removal = std::same_as<T, stream_deleted> || std::same_as<T, stream_truncated>;

/// A type of record: its name, and the message that it is.
struct removal_record {
    std::string_view type;
    const google::protobuf::Message* prototype;
};

/// The types of record that tell of this kind of removal.
template <removal Removal>
std::span<const removal_record> removal_records();

/// Reads a record, which is one of these messages.
template <removal Removal>
Removal read_removal(const google::protobuf::Message& record);

/// Makes the event that records a removal.
event_data record_of(const stream_deleted& removed);
/// The same for the other kind.
event_data record_of(const stream_truncated& removed);

/// The name of the stream of the records.
inline constexpr std::string_view removals_stream = "stele-streams";

/// Returns the name of the stream that an event tells the removal of; empty if it tells of none, or is damaged.
std::string removed_stream(const recorded_event& event);

/// Whether the event at this position is still in the store. One that was removed never comes back, and nothing waits
/// behind a dead letter of it. Throws as read_all() does.
bool has_event(event_store& store, position at);

/// Whether the stream was deleted or tombstoned in the window: after `after`, up to and including `up_to`. Reads the
/// records of all removals in it; throws as read_all() does.
bool was_deleted(event_store& store, const stream_id& stream, position after, position up_to);

/// Whether the stream was deleted or tombstoned after this position, so that what it holds now is another history than
/// it held then. Throws as was_deleted() does.
bool was_deleted_after(event_store& store, const stream_id& stream, position then);

}  // namespace stele::inline v0::detail
