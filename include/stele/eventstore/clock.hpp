#pragma once

#include <stele/eventstore/detail/saturating_time.hpp>
#include <stele/eventstore/event.hpp>

#include <chrono>
#include <functional>
#include <string>

namespace stele::inline v0 {

/// The time since the machine was started, its sleep included (CLOCK_BOOTTIME). Nobody can set this clock.
std::chrono::microseconds time_since_boot();

/// How bounded_clock() tells the time.
struct clock_options {
    /// A jump of the clock beyond this is not followed before it has lasted for as long. In any unit.
    detail::saturated<std::chrono::microseconds> most_jump = std::chrono::hours{1};
    /// Called with one sentence when a jump is not followed, and when it is followed in the end, on the thread that
    /// asks for the time. It must not throw, and must not ask this clock.
    std::function<void(const std::string& message)> on_warning = {};
    /// The clock that may jump. It may return any unit.
    std::function<detail::saturated<timestamp>()> wall = system_time;
    /// A clock that only goes on, to compare with. It may return any unit.
    std::function<detail::saturated<std::chrono::microseconds>()> elapsed = time_since_boot;
};

/// Returns a clock that follows the system clock, but not every jump of it. What stores and runners use unless their
/// options name another clock.
///
/// Somebody sets the clock a year ahead and back again a minute later: whatever is written in that minute would bear a
/// time that no later event can be before. So a jump by more than `most_jump`, forward or backward, is not followed at
/// once: the time goes on from the last good one, by the clock that cannot be set. Once the clock has stood there for
/// `most_jump`, it was set on purpose, and is followed. A clock that was never wrong for so long is never told more
/// than `most_jump` too late or too early.
///
/// The first time is that of the system clock when bounded_clock() is called, whatever it is: a program that was ended
/// for a week, or a machine that slept for a week, has made no jump. Copies share what they know. Any thread may ask.
/// Throws stele::error (invalid_argument) if `most_jump` is not positive or a clock is missing.
[[nodiscard]] std::function<timestamp()> bounded_clock(clock_options options = {});

}  // namespace stele::inline v0
