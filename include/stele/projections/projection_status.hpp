#pragma once

#include <stele/eventstore/version.hpp>
#include <stele/projections/dead_letter.hpp>
#include <stele/projections/generations/rebuild.hpp>

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace stele::inline v0 {

enum class projection_state : std::uint8_t {
    stopped,      ///< Nobody works on it; catch_up() may.
    catching_up,  ///< There are events that it has not seen.
    live,         ///< It has seen everything and waits for more.
    rebuilding,   ///< A new generation is being built beside the one that serves.
    faulted,      ///< It failed too often, and stands still until start() is called again.
};

/// The name of a state as in this list, with a blank: "catching up".
[[nodiscard]] std::string_view to_string(projection_state state);

/// How a projection is doing, as it was at one moment.
struct projection_status {
    std::string name;
    projection_state state = projection_state::stopped;
    /// Every event up to here is in the read model.
    position checkpoint;
    /// Where the store's last event stands.
    position head;
    /// How many positions the read model is behind.
    std::uint64_t lag_events = 0;
    /// How long the oldest event that it lacks has been in the store; 0 if it lacks none.
    std::chrono::microseconds lag_time{};
    /// How fast it is, or was when it last had something to do; 0 if that is not known yet.
    double events_per_s = 0;
    /// How long it takes to reach the head at that rate; nothing if the rate is not known.
    std::optional<std::chrono::seconds> eta;
    /// How far the new generation is, while one is being built. All else is about the one that serves.
    std::optional<rebuild_progress> rebuild;
    /// What went wrong last, also if trying again has helped since; empty if nothing did.
    std::string last_error;
    /// Events of the read model's whole life: seen = applied + ignored + dead_lettered, always.
    std::uint64_t seen = 0;
    std::uint64_t applied = 0;
    std::uint64_t ignored = 0;
    std::uint64_t dead_lettered = 0;

    /// One line for people: "balances: catching up, at 41 of 100 (59 behind), 12000 events/s", or
    /// "balances: rebuilding, at 100 of 100; the new generation at 41 of 100, 12000 events/s, 1 s left".
    [[nodiscard]] std::string message() const;
};

/// Why a wait for a projection ended without what was waited for.
struct wait_failure {
    /// The position that was waited for.
    position reached;
    /// How the projection was doing then. If it is faulted, the wait ended before its time was over.
    projection_status status;
    /// Set if the projection went on, and put the event at that position aside.
    std::optional<stele::dead_letter> dead_letter;

    /// One sentence for people: the lag, the state, and the fault if that is why.
    [[nodiscard]] std::string message() const;
};

}  // namespace stele::inline v0
