#include "stele_messages.pb.h"

#include <stele/eventstore/detail/parse_message.hpp>
#include <stele/eventstore/detail/removals.hpp>

namespace stele::inline v0::detail {
namespace {

template <class Record>
bool names(const recorded_event& event, const stream_id& stream) {
    Record record;
    return event.type == Record::descriptor()->full_name() && parse_message(record, event.payload) &&
           record.stream() == stream.str();
}

}  // namespace

bool was_deleted(event_store& store, const stream_id& stream, position after, position up_to) {
    event_filter removals;
    removals.categories = {std::string{system_category}};
    for (const event_batch& batch : store.read_all({.after = after, .up_to = up_to, .filter = std::move(removals)}))
        for (const recorded_event& event : batch)
            if (names<v1::StreamDeleted>(event, stream) || names<v1::StreamTombstoned>(event, stream)) return true;
    return false;
}

bool was_deleted_after(event_store& store, const stream_id& stream, position then) {
    return was_deleted(store, stream, then, position::max());
}

}  // namespace stele::inline v0::detail
