#pragma once

#include <stele/eventstore/event.hpp>
#include <stele/eventstore/metadata.hpp>

namespace stele::inline v0 {

/// The metadata of a direct effect of `event`: its id as causation, and its correlation (its id if it has none, or
/// if its metadata is not the output of encode(), as a store takes any bytes). The actor is not copied; the caller says
/// who acts now.
///
/// If the event has an occurred_at of its own, so does the effect: the fee for a deposit of 1993 that is imported today
/// is of 1993, too.
///
///     bus.send(command, {.metadata = stele::caused_by(event)});
[[nodiscard]] metadata caused_by(const recorded_event& event);

/// Declares that this thread handles an event for as long as the object lives. Commands sent on this thread meanwhile
/// are caused by that event: see add_causation(). Scopes nest and end in reverse order.
///
/// Subscriptions open one around each call of their handler, so a handler that sends commands need not.
class causation_scope {
public:
    /// `event` must outlive the scope. Costs two writes to thread-local memory and decodes nothing.
    [[nodiscard]] explicit causation_scope(const recorded_event& event) noexcept;
    /// A temporary would be gone before the scope is.
    explicit causation_scope(const recorded_event&&) = delete;
    causation_scope(const causation_scope&) = delete;
    causation_scope& operator=(const causation_scope&) = delete;
    ~causation_scope();

private:
    const recorded_event* outer_;
};

/// The event that this thread is handling (of the innermost causation_scope), or nullptr.
[[nodiscard]] const recorded_event* current_cause() noexcept;

/// Completes the metadata of something about to be sent: if it names no cause and this thread is handling an event,
/// that event becomes the cause, and gives correlation and occurred_at (see caused_by()) unless they are there. The
/// command bus does this for each command.
void add_causation(metadata& value);

}  // namespace stele::inline v0
