#pragma once

#include <stele/eventstore/version.hpp>
#include <stele/projections/dead_letter.hpp>

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace stele::inline v0 {

/// What a durable subscription is doing.
enum class durable_subscription_state : std::uint8_t {
    stopped,      ///< Nothing runs in the background; catch_up() brings it up to date.
    catching_up,  ///< There are events that it has not seen.
    live,         ///< It has seen everything and waits for more.
    faulted,      ///< It failed too often, or in catch_up(). start() and catch_up() try it again.
};

/// The name of a state as in this list, with a space: "catching up".
[[nodiscard]] std::string_view to_string(durable_subscription_state state);

/// The status of a durable subscription at one moment.
struct durable_subscription_status {
    /// Its name.
    std::string name;
    /// What it is doing now.
    durable_subscription_state state = durable_subscription_state::stopped;
    /// Every event up to here (inclusive) was handled, is a dead letter, was skipped, or is none of its events.
    stele::position position;
    /// The position of the store's last event.
    stele::position head;
    /// How many positions it is behind.
    std::uint64_t lag_events = 0;
    /// How long the oldest event that it has not seen has been in the store; 0 if it has seen all.
    std::chrono::microseconds lag_time{};
    /// Its rate while it last had something to do; 0 if that is not known yet.
    double events_per_s = 0;
    /// How many times in a row it has failed; 0 if it has not, or a retry succeeded.
    unsigned attempts = 0;
    /// The last error, even if a retry has succeeded since; empty if there was none. Names the last event that was
    /// skipped, too.
    std::string last_error;
    /// Events since it began or was reset: seen = applied + ignored + skipped + dead_lettered, always. As of the
    /// position that is stored: what a crash repeats is counted once.
    std::uint64_t seen = 0;
    /// Events that its handler has taken.
    std::uint64_t applied = 0;
    /// Events that concern it not: of other types, of other streams, or removed ones.
    std::uint64_t ignored = 0;
    /// Events that it has given up: by on_fault::skip, or dead letters that were discarded.
    std::uint64_t skipped = 0;
    /// Events that are dead letters now.
    std::uint64_t dead_lettered = 0;

    /// One line for people: "welcome_mails: catching up, at 41 of 100 (59 behind), 1 skipped, 2 dead letters".
    [[nodiscard]] std::string message() const;
};

/// Why a wait for a durable subscription ended without the position that was waited for.
struct durable_subscription_wait_failure {
    /// The position that was waited for.
    position wanted;
    /// The status of the subscription at that moment. If it is faulted, the wait ended early.
    durable_subscription_status status;
    /// Set if the event at that position is a dead letter, so that the subscription has passed it without handling it.
    std::optional<stele::dead_letter> dead_letter;

    /// One sentence for people: the lag, the state, and the error that caused it.
    [[nodiscard]] std::string message() const;
};

}  // namespace stele::inline v0
