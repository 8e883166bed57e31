#pragma once

#include <stele/eventstore/version.hpp>

#include <chrono>
#include <cstdint>
#include <functional>
#include <optional>
#include <stop_token>
#include <string>

namespace stele::inline v0 {

/// The progress of a rebuild at one moment.
struct rebuild_progress {
    /// Every event up to here (inclusive) is in the new generation.
    position reached;
    /// The store's head when it was last looked at.
    position target;
    /// Positions per second since the rebuild began or was resumed; 0 if that is not known yet.
    double events_per_s = 0;
    /// How long it takes to reach the target at that rate; nothing if the rate is not known.
    std::optional<std::chrono::seconds> eta;

    /// A few words for people: "at 41000 of 100000, 120000 events/s, 1 s left".
    [[nodiscard]] std::string message() const;
};

/// How to rebuild a projection (projection_runner::rebuild).
struct rebuild_options {
    /// Switches readers to the new generation once it is complete (blue/green). If false, it waits for
    /// projection_runner::swap_in(), so that it can be compared with the one that serves (projection_runner::diff): at
    /// the head, or at the position of the one that serves if that was built by another version and stays there.
    bool swap = true;
    /// Ends the rebuild early, between two batches. The next rebuild resumes it.
    std::stop_token stop = {};
    /// Called on the thread that rebuilds, about ten times per second and once at the end. An exception from it ends
    /// the rebuild as `stop` does.
    std::function<void(const rebuild_progress&)> progress = {};
};

/// How a rebuild ended, if no error was thrown.
enum class rebuild_result : std::uint8_t {
    serving,  ///< The new generation serves.
    waiting,  ///< It is complete and waits for swap_in(), as requested.
    stopped,  ///< It is unfinished; the next rebuild resumes it.
};

}  // namespace stele::inline v0
