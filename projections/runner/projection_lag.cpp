#include "projections/runner/projection_lag.hpp"

#include <stele/eventstore/detail/saturating_time.hpp>

#include <algorithm>
#include <chrono>
#include <utility>

namespace stele::inline v0::detail {

void measure_lag(projection_status& status, event_store& store) {
    status.head = std::max(store.head(), status.checkpoint);
    status.lag_events = status.head.value - status.checkpoint.value;
    if (status.lag_events == 0) return;
    auto next = store.read_all({.after = status.checkpoint, .limit = 1});
    for (const auto& event : std::move(next).events())
        status.lag_time = saturating_difference(system_time(), event.recorded_at);
    if (status.events_per_s > 0)
        status.eta = std::chrono::ceil<std::chrono::seconds>(
            std::chrono::duration<double>(static_cast<double>(status.lag_events) / status.events_per_s));
}

}  // namespace stele::inline v0::detail
