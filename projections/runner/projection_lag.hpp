#pragma once

#include <stele/eventstore/event_store.hpp>
#include <stele/projections/projection_status.hpp>

namespace stele::inline v0::detail {

/// Sets the members of a status that concern the store: its head, how far the checkpoint is behind it in events and in
/// time, and how long it takes to get there at the rate of the status. Throws what the store throws.
void measure_lag(projection_status& status, event_store& store);

}  // namespace stele::inline v0::detail
