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

/// What a projection is doing.
enum class projection_state : std::uint8_t {
    stopped,      ///< Nothing runs in the background; catch_up() brings it up to date.
    catching_up,  ///< There are events that it has not seen.
    live,         ///< It has seen everything and waits for more.
    rebuilding,   ///< A new generation is being built beside the one that serves.
    faulted,      ///< It failed too often, or in catch_up(). start() and catch_up() try it again.
};

/// The name of a state as in this list, with a space: "catching up".
[[nodiscard]] std::string_view to_string(projection_state state);

/// The status of a projection at one moment.
struct projection_status {
    /// The name of the projection; that of its effects ends in ".effects".
    std::string name;
    /// What it is doing now.
    projection_state state = projection_state::stopped;
    /// Every event up to here (inclusive) is in the read model.
    position checkpoint;
    /// The position of the store's last event.
    position head;
    /// How many positions the read model is behind.
    std::uint64_t lag_events = 0;
    /// How long the oldest event that it lacks has been in the store; 0 if it lacks none.
    std::chrono::microseconds lag_time{};
    /// Its rate while it last had something to do; 0 if that is not known yet.
    double events_per_s = 0;
    /// How long it takes to reach the head at that rate; nothing if the rate is not known.
    std::optional<std::chrono::seconds> eta;
    /// The progress of the new generation while one is being built. Everything else describes the one that serves.
    std::optional<rebuild_progress> rebuild;
    /// How many times in a row it has failed; 0 if it has not, or a retry succeeded.
    unsigned attempts = 0;
    /// The last error, even if a retry has succeeded since; empty if there was none.
    std::string last_error;
    /// Events of the read model's whole life: seen = applied + ignored + dead_lettered, always.
    std::uint64_t seen = 0;
    /// Events that a handler has taken.
    std::uint64_t applied = 0;
    /// Events that it passed over: of types that it does not declare, of streams in other categories, removed ones, and
    /// dead letters that were discarded.
    std::uint64_t ignored = 0;
    /// Events that are dead letters now.
    std::uint64_t dead_lettered = 0;

    /// One line for people: "balances: catching up, at 41 of 100 (59 behind), 12000 events/s, 2 dead letters", or
    /// "balances: rebuilding, at 100 of 100; the new generation at 41 of 100, 12000 events/s, 1 s left".
    [[nodiscard]] std::string message() const;
};

/// Why a wait for a projection ended without the position that was waited for.
struct wait_failure {
    /// The position that was waited for.
    position reached;
    /// The status of the projection at that moment. If it is faulted, the wait ended early.
    projection_status status;
    /// Set if the event at that position is a dead letter, so that the projection has passed it without applying it.
    std::optional<stele::dead_letter> dead_letter;

    /// One sentence for people: the lag, the state, and the error that caused it.
    [[nodiscard]] std::string message() const;
};

}  // namespace stele::inline v0
