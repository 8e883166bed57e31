#pragma once

#include <stele/eventstore/detail/saturating_time.hpp>
#include <stele/eventstore/error.hpp>

#include <chrono>
#include <cstdint>
#include <functional>
#include <limits>
#include <string>

namespace stele::inline v0 {

/// When snapshots are taken automatically. Made by one of the functions below.
struct snapshot_policy {
    /// After this many events.
    std::uint64_t events = (std::numeric_limits<std::uint64_t>::max)();
    /// After a load that took longer. In any unit.
    detail::saturated<std::chrono::nanoseconds> load_time = (std::chrono::nanoseconds::max)();
    /// False: only take_snapshot() takes one.
    bool is_automatic = true;
};

/// Whenever there are at least this many events (at least 1) after the last snapshot.
constexpr snapshot_policy snapshot_every(std::uint64_t events) {
    if (events == 0) throw error(error_kind::invalid_argument, "snapshot_every(0): give at least 1 event.");
    return {.events = events};
}

/// Whenever loading the state took longer than this, from its last snapshot or from its first event. In any unit;
/// 0 or less: after every load.
constexpr snapshot_policy snapshot_after_load_slower_than(detail::saturated<std::chrono::nanoseconds> duration) {
    return {.load_time = duration};
}

/// Never, except by hand: see repository::take_snapshot. Existing snapshots are used.
constexpr snapshot_policy snapshot_never() {
    return {.is_automatic = false};
}

/// Takes one sentence for people about a harmless failure: a snapshot that could not be written or read. It names the
/// stream. Called on the thread that met the failure; what it throws is ignored.
using warning_handler = std::function<void(const std::string& message)>;

}  // namespace stele::inline v0
