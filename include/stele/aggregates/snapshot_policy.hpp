#pragma once

#include <stele/eventstore/error.hpp>

#include <chrono>
#include <cstdint>
#include <functional>
#include <limits>
#include <string>

namespace stele::inline v0 {

/// When snapshots are taken automatically. Made by one of the functions below.
struct snapshot_policy {
    std::uint64_t events = (std::numeric_limits<std::uint64_t>::max)();      ///< After this many events.
    std::chrono::nanoseconds load_time = (std::chrono::nanoseconds::max)();  ///< After a load that took longer.
    bool is_automatic = true;                                                ///< False: only take_snapshot() takes one.
};

/// Whenever there are at least this many events (at least 1) after the last snapshot.
constexpr snapshot_policy snapshot_every(std::uint64_t events) {
    if (events == 0) throw error(error_kind::invalid_argument, "snapshot_every(0): give at least 1 event.");
    return {.events = events};
}

/// Whenever loading the state took longer than this, from its last snapshot or from its first event.
constexpr snapshot_policy snapshot_after_load_slower_than(std::chrono::nanoseconds duration) {
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
