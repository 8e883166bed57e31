#pragma once

#include <cstdint>

namespace stele::inline v0::detail {

/// The kernel gives files the time of the last tick of its clock, and a tick is 10 ms at most. Once a file's time is
/// two ticks old, whatever changes the file next gives it another time. In nanoseconds.
constexpr std::int64_t two_ticks = 20'000'000;

/// How long ago a file's time was, in nanoseconds: within about 2 s either way, so that any time can be asked about.
/// Negative for a time in the future, which comes of a clock that was set back.
[[nodiscard]] std::int64_t age_of(std::int64_t seconds, std::int64_t nanoseconds) noexcept;

}  // namespace stele::inline v0::detail
