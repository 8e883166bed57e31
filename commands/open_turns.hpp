#pragma once

#include <stele/eventstore/event.hpp>
#include <stele/eventstore/version.hpp>

namespace stele::inline v0 {

class event_store;

namespace detail {

/// The first position at which a process manager may have sent a command in a turn that is not over: it has not come
/// past the event, or has put it aside as a dead letter, or a deadline has not fired to its end. It needs the receipts
/// from there on, inclusive, when it handles the event again. position::max() if there is none. Deadlines that are due
/// after `until`, with an hour for the difference of two clocks, have sent nothing before it.
///
/// Throws stele::error (undecodable) if a checkpoint does not parse; and what the store throws.
position first_open_turn(event_store& store, timestamp until);

}  // namespace detail
}  // namespace stele::inline v0
