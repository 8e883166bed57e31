#pragma once

#include <stele/eventstore/event.hpp>

#include <string>

namespace stele::inline v0::detail {

/// A time for people, in UTC, such as 2026-01-31 12:00:00 or, with a fraction, 2026-01-31 12:00:00.000250. It works for
/// every timestamp, also for one that was read from a damaged file.
std::string time_text(timestamp time);

}  // namespace stele::inline v0::detail
