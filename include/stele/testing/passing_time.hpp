#pragma once

#include <stele/eventstore/detail/saturating_time.hpp>
#include <stele/eventstore/event.hpp>

#include <chrono>

/// Time that passes in a scenario of a process (given_process.hpp).
namespace stele::inline v0 {

/// So much time passes after what came before.
struct time_elapses {
    /// In any unit; not negative.
    detail::saturated<std::chrono::microseconds> by;
};

/// Time passes until it is this time; none if it is later already.
struct time_advances_to {
    /// In any unit.
    detail::saturated<timestamp> time;
};

}  // namespace stele::inline v0
