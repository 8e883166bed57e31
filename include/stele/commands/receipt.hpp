#pragma once

#include <stele/eventstore/event.hpp>
#include <stele/eventstore/metadata.hpp>
#include <stele/eventstore/stream.hpp>
#include <stele/eventstore/uuid.hpp>
#include <stele/eventstore/version.hpp>

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace google::protobuf {
class Message;  // NOLINT(readability-identifier-naming)
}

/// How commands are sent, and receipts: what a command has led to, and how a repeated command is deduplicated.
namespace stele::inline v0 {

class event_store;

/// What `decide` has answered the sender with (decision::returning), as bytes.
struct returned_value {
    std::string type;   ///< The full name of the message.
    std::string bytes;  ///< The message.
};

namespace detail {

/// Throws stele::error (undecodable) if it is another message.
void read_value(const returned_value& value, google::protobuf::Message& message);

}  // namespace detail

/// The result of an accepted command: the version of its stream after it, and the position of that event.
///
/// If the command changed nothing, both are those of the state it was decided on, 0 if there is no such stream. A read
/// model whose checkpoint has reached the position shows the effect of the command. Both stay what they were when the
/// events are removed later. (In a receipt of version 0.1 for a stream that was deleted, begun again by this command,
/// and removed once more, the version is 0: it is not known any more.)
struct receipt : stream_position {
    /// The stream of the aggregate instance.
    stream_id stream;
    /// The command was sent before with the same idempotency key; nothing was decided and nothing written now.
    bool repeated = false;
    /// The events that were appended, as they are stored, in order: the last one is at `version` and `position`. Empty
    /// if the command changed nothing, and if it is repeated.
    std::vector<event_data> events = {};
    /// What `decide` has answered with; nothing if it returned only events. A repeated command has the first answer.
    std::optional<returned_value> returned = {};

    /// The same as a message; nothing if there is none. Throws stele::error (undecodable) if it is of another type.
    ///
    ///     const auto number = receipt->value<shop::Ticket>()->number();
    template <class Message>
    [[nodiscard]] std::optional<Message> value() const {
        if (!returned) return std::nullopt;
        Message message;
        detail::read_value(*returned, message);
        return message;
    }
};

/// How to send a command.
///
///     bus.send(deposit("42", 5000), {.metadata = {.actor = "teller"},
///                                    .idempotency_key = stele::make_idempotency_key(statements, "may.csv:17")});
struct send_options {
    /// What the events of the command carry. The bus adds the cause, if this thread is handling an event, and a
    /// correlation id, if there is none.
    stele::metadata metadata = {};

    /// Makes the command idempotent: its receipt is stored under this key in the transaction of its events,
    /// permanently. A command sent again with the key gets that receipt, marked `repeated`, and nothing is decided.
    /// Without a key a command that is sent twice is decided twice.
    ///
    /// The key alone says which command it is, whatever its fields hold: so a retry is recognised after the message has
    /// changed, and from a client that knows more fields or fewer. Derive it from what makes the command the same one;
    /// a key that was used for a command of another type or for another instance is an error. (Events have time-ordered
    /// ids of their own, which the store indexes at twice the rate of derived ids.)
    std::optional<uuid> idempotency_key = {};

    /// Stores a rejection too, as the final answer for this key. By default a rejected command is decided again each
    /// time it is sent, because its obstacle may be gone. No effect without a key.
    bool remember_rejection = false;

    /// Where the stream must be for the command to be decided, for example at the version that a person saw on a page
    /// (an ETag). If it is elsewhere, the outcome is a conflict, and nothing is decided. By default the command is
    /// decided on whatever has happened. A repeated command gets its receipt all the same.
    expected_version expected = expected_version::any();
};

/// Derives an idempotency key from a name that the command has anyway, so that it can be derived again after a crash: a
/// row of a file, a number of a request, an event and an index. The same inputs always give the same key.
///
/// `name_space` is a constant id of your own for the kind of name; make one once and keep it in the code.
[[nodiscard]] uuid make_idempotency_key(const uuid& name_space, std::string_view name);

/// Deletes the receipts written before a time, by the clock of the store, and returns how many it has deleted. Commands
/// with those keys are new from then on. Receipts are kept permanently if nobody calls this. The time is in any unit.
///
/// Keeps those that a process manager may need for a turn that is not over: the receipts after the stored position of
/// each process, those from its oldest dead letter on, and those from where a deadline was set that is due. (The kinds
/// "process", "process_dead_letter" and "deadline" of documents; those of a process that no program runs any more count
/// until they are removed.)
///
/// Deletes in small batches while others append. If it is interrupted, some receipts are deleted already; call it
/// again. Throws what the store throws, and undecodable if the checkpoint of a process cannot be read. Any thread may
/// call it.
std::uint64_t forget_receipts(event_store& store, detail::saturated<timestamp> written_before);

}  // namespace stele::inline v0
