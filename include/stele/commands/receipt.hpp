#pragma once

#include <stele/eventstore/event.hpp>
#include <stele/eventstore/stream.hpp>
#include <stele/eventstore/uuid.hpp>
#include <stele/eventstore/version.hpp>

#include <cstdint>
#include <optional>
#include <string_view>

/// Receipts: what a command has led to, and how a command that is sent twice is recognised.
namespace stele::inline v0 {

class event_store;

/// What an accepted command has led to.
struct receipt {
    /// The stream of the aggregate instance.
    stream_id stream;
    /// The stream's version after the command. If the command changed nothing: the version that it was decided on,
    /// 0 if there is no such stream.
    stele::version version;
    /// The position of that event. A read model that has come so far shows what the command did.
    stele::position position;
    /// The command had been sent before with the same id; nothing was decided and nothing written now.
    bool repeated = false;
};

/// How a command is to be sent.
///
///     bus.send(deposit("42", 5000), {}, {.id = stele::command_id(statements, "may.csv:17")});
struct send_options {
    /// Names this command for ever. Its receipt is stored in the same transaction as its events, under this id; when a
    /// command with this id is sent again, the first receipt is returned, marked `repeated`, and nothing is decided.
    /// Without an id a command that is sent twice is decided twice.
    ///
    /// The id stands for one command: its type, its target and its bytes; used for another one it is an error. The
    /// bytes stay what they are when a field is added to the message and not set, but not when one is renumbered or
    /// retyped. Events keep ids of their own, made in the order of time, which the store indexes at twice the rate of
    /// ids that are derived from something.
    std::optional<uuid> id = {};
    /// Remembers a rejection too, as the final answer to this id. The default is to decide a rejected command anew each
    /// time it is sent, because what stood in its way may be gone. Means nothing without an id.
    bool remember_rejection = false;
};

/// Derives the id of a command from what it is about, so that it can be had again after a crash: a row of a file, a
/// request's own number, an event and an index. The same two always give the same id.
///
/// `name_space` is an id of your own that says what kind of name it is; make one once and keep it in the code.
uuid command_id(const uuid& name_space, std::string_view name);

/// Forgets the receipts that were written before a time, by the clock of the store, and returns how many there were.
/// Commands with those ids are new ones from then on. Receipts are kept for ever if nobody calls this.
///
/// Removes them in small batches while others append; if it is interrupted, some are gone already and it may be called
/// again. Throws what the store throws. Any thread may call it.
std::uint64_t forget_receipts(event_store& store, timestamp written_before);

}  // namespace stele::inline v0
