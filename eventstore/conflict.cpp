#include <stele/eventstore/conflict.hpp>
#include <stele/eventstore/format.hpp>

namespace stele::inline v0 {

std::string conflict::message() const {
    switch (reason) {
        case conflict_reason::event_id:
            return fmt::format(
                "append to stream '{}' (expected version {}): one of the event ids is already stored, but not by an "
                "append of exactly these events",
                stream, expected);
        case conflict_reason::deleted:
            return fmt::format("stream '{}' was deleted (expected version {}); expect no_stream to start it again",
                               stream, expected);
        case conflict_reason::tombstoned: return fmt::format("stream '{}' was closed permanently", stream);
        case conflict_reason::document: return "a document to add is already in the store; read it";
        case conflict_reason::version: break;
    }
    return fmt::format("append to stream '{}': expected version {}, but it is at {}", stream, expected, actual);
}

}  // namespace stele::inline v0
