#pragma once

#include <stele/eventstore/error.hpp>

#include <chrono>
#include <cstdint>
#include <functional>
#include <limits>
#include <string>

namespace stele::inline v0 {

/// When a snapshot of an aggregate is taken by itself. Made by one of the functions below.
struct snapshot_policy {
    std::uint64_t events = std::numeric_limits<std::uint64_t>::max();      ///< After this many events.
    std::chrono::nanoseconds load_time = std::chrono::nanoseconds::max();  ///< After a load that took longer.
    bool is_automatic = true;                                              ///< False: only take_snapshot() takes one.
};

/// Whenever there are so many events (at least 1) or more after the last snapshot.
constexpr snapshot_policy snapshot_every(std::uint64_t events) {
    if (events == 0) throw error(error_kind::invalid_argument, "snapshot_every(0): there is no event to wait for.");
    return {.events = events};
}

/// Whenever loading the state took longer, from its last snapshot or from its first event.
constexpr snapshot_policy snapshot_after_load_slower_than(std::chrono::nanoseconds duration) {
    return {.load_time = duration};
}

/// Never, except by hand: see repository::take_snapshot. Those that are there are used.
constexpr snapshot_policy snapshot_never() {
    return {.is_automatic = false};
}

/// Gets one sentence for people about something that went wrong and does no harm: a snapshot that could not be written
/// or read. It names the stream. Called by the thread that met it; what it throws is ignored.
using warning_handler = std::function<void(const std::string& message)>;

}  // namespace stele::inline v0
