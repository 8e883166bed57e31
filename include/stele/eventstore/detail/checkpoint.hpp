#pragma once

#include <stele/eventstore/detail/parse_message.hpp>
#include <stele/eventstore/detail/stored_number.hpp>
#include <stele/eventstore/detail/write_documents.hpp>
#include <stele/eventstore/error.hpp>
#include <stele/eventstore/event_store.hpp>

#include <optional>
#include <string>
#include <string_view>
#include <utility>

/// How far a follower of a store has come, kept in the store itself: a document of the follower's kind, whose key is
/// its name and whose value is `Message`, a message of the file format with a field `uint64 position`.
namespace stele::inline v0::detail {

/// Returns the message, or nothing if there is none. Throws stele::error, naming `who`: undecodable if it does not
/// parse, corrupt if no position is as great as its `position`.
template <class Message>
std::optional<Message> find_checkpoint(event_store& store, std::string_view kind, std::string_view name,
                                       std::string_view who) {
    const auto found = store.find_document(kind, name);
    if (!found) return {};
    std::optional<Message> checkpoint{std::in_place};
    if (const auto parsed = parse_message(*checkpoint, found->value); !parsed)
        throw error(error_kind::undecodable,
                    std::string{who} + ": its checkpoint in the store cannot be read: " + parsed.error() + ".");
    static_cast<void>(stored_number(checkpoint->position(), std::string{who} + ": its checkpoint in the store"));
    return checkpoint;
}

template <class Message>
document_write checkpoint_document(std::string_view kind, std::string_view name, position reached) {
    Message checkpoint;
    checkpoint.set_position(reached.value);
    return {std::string{kind}, std::string{name}, checkpoint.SerializeAsString()};
}

}  // namespace stele::inline v0::detail
