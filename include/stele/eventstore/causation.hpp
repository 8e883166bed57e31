#pragma once

#include <stele/eventstore/event.hpp>
#include <stele/eventstore/metadata.hpp>

namespace stele::inline v0 {

/// The metadata of what `event` directly causes: its id as causation, and its correlation, which is its id as well if
/// it has none. Nothing else is taken over; who acts now is for the caller to say.
///
///     bus.send(command, stele::caused_by(event));
///
/// Throws stele::error (undecodable) if the event's metadata is not what encode() wrote.
metadata caused_by(const recorded_event& event);

/// Says that this thread handles an event, for as long as the object lives. What is sent meanwhile on this thread is
/// caused by that event: see add_causation(). Scopes may be nested, and end in the order of a stack.
///
/// Subscriptions make one around each call of their handler, so a handler that sends commands need not.
class causation_scope {
public:
    /// `event` must outlive the scope. Costs two writes to thread-local memory; nothing is decoded yet.
    explicit causation_scope(const recorded_event& event) noexcept;
    causation_scope(const causation_scope&) = delete;
    causation_scope& operator=(const causation_scope&) = delete;
    ~causation_scope();

private:
    const recorded_event* outer_;
};

/// The event that this thread is handling: that of the innermost causation_scope, or nullptr.
const recorded_event* current_cause() noexcept;

/// Completes the metadata of what is about to be sent: if it names no cause and this thread is handling an event, that
/// event is the cause, and gives the correlation unless there is one. The command bus does this with each command.
void add_causation(metadata& about);

}  // namespace stele::inline v0
