#include <stele/eventstore/conflict.hpp>
#include <stele/eventstore/format.hpp>

#include <fmt/ranges.h>

namespace stele::inline v0 {

std::string conflict::message() const {
    if (truncate_before != version{})
        return fmt::format("stream '{}' cannot be truncated before version {}: it ends at {}, so {} is the highest",
                           stream, truncate_before, actual, actual.next());
    switch (reason) {
        case conflict_reason::event_id:
            return fmt::format(
                "append to stream '{}' (expected version {}): one of the event ids is already stored, and this append "
                "does not repeat the one that stored it: that had other events, or expected another version, or some "
                "of its events were removed since",
                stream, expected);
        case conflict_reason::deleted:
            return fmt::format(
                "stream '{}' was deleted (expected version {}); an append that expects no_stream starts it again",
                stream, expected);
        case conflict_reason::tombstoned: return fmt::format("stream '{}' was closed permanently", stream);
        case conflict_reason::document:
            return "a document to add is already in the store, or one has not the value that the append expects; read "
                   "it";
        case conflict_reason::condition:
            return fmt::format(
                "a condition of the append rules out the event of type {} at position {} (stream '{}', tags [{}]); "
                "read again, and decide again",
                event ? event->type : std::string{}, event ? event->position : position{}, stream,
                event ? fmt::format("{}", fmt::join(event->tags.view(), ", ")) : std::string{});
        case conflict_reason::removed:
            return fmt::format("append to stream '{}' (expected version {}): events after version {} were removed",
                               stream, expected, expected.kept_after().value);
        case conflict_reason::version: break;
    }
    return fmt::format("stream '{}': expected version {}, but it is at {}", stream, expected, actual);
}

}  // namespace stele::inline v0
