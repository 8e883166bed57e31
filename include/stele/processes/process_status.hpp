#pragma once

#include <stele/eventstore/event.hpp>
#include <stele/eventstore/version.hpp>
#include <stele/projections/dead_letter.hpp>

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace stele::inline v0 {

/// What a process manager is doing.
enum class process_state : std::uint8_t {
    stopped,      ///< Nothing runs in the background; catch_up() brings it up to date.
    catching_up,  ///< There are events that it has not handled.
    live,         ///< It has handled everything and waits for more.
    retrying,     ///< It failed and will be tried again after a pause.
    faulted,      ///< It failed too often and is stopped until start() or catch_up() is called again.
};

/// The name of a state as in this list, with a space: "catching up".
[[nodiscard]] std::string_view to_string(process_state state);

/// The status of a process manager at one moment.
struct process_status {
    /// The `name` of the process.
    std::string name;
    /// What it is doing.
    process_state state = process_state::stopped;
    /// Every event up to here (inclusive) was handled, or is none of its events.
    stele::position position;
    /// The position of the store's last event.
    stele::position head;
    /// How many positions the process is behind.
    std::uint64_t lag_events = 0;
    /// How many times in a row it has failed at the same event or deadline; 0 if it has not, or a retry succeeded.
    unsigned attempts = 0;
    /// The last error, even if a retry has succeeded since; empty if there was none. It names the instance, if it is
    /// known, and the position of the event or the deadline.
    std::string last_error;
    /// How many dead letters it has now, with those that are queued behind others.
    std::uint64_t dead_letters = 0;
    /// How many events it has handled since it was added to its runner. With those that were passed over and those that
    /// became dead letters these are all events of its types.
    std::uint64_t handled = 0;
    /// How many of its events it has passed over since then: they belong to no instance, or to none that exists, and
    /// may not start one, or to one that has ended.
    std::uint64_t passed_over = 0;
    /// When its next deadline is due; nothing if none is set.
    std::optional<timestamp> next_deadline;

    /// One line for people: "transfer_process: catching up, at 41 of 100 (59 behind)".
    [[nodiscard]] std::string message() const;
};

/// Why a wait for a process ended without the position that was waited for.
struct process_wait_failure {
    /// The position that was waited for.
    position reached;
    /// The status of the process at that moment. If it is faulted, the wait ended early.
    process_status status;
    /// Of process_runner::wait_for_outcome(): the dead letter because of which the outcome will not come.
    std::optional<stele::dead_letter> dead_letter = {};
    /// Of the same: all events up to there were handled, but a deadline that was due has not fired.
    bool deadline_is_due = false;

    /// One sentence for people: the lag, the state, and the error that caused it.
    [[nodiscard]] std::string message() const;
};

}  // namespace stele::inline v0
