#pragma once

#include "projections/runner/progress.hpp"

#include <stele/projections/projection_status.hpp>

#include <chrono>
#include <condition_variable>
#include <cstdint>
#include <exception>
#include <mutex>
#include <optional>
#include <string>

namespace stele::inline v0::detail {

/// The status that a projection publishes while it works. Any thread may call anything; no call waits for the work.
class progress_board {
public:
    /// Shows how far the read model is. Call it after that was committed.
    void show(const progress& now);
    /// Shows a state; catching_up begins a measurement of the rate.
    void show(projection_state state);
    /// Shows the state `rebuilding` as long as there is a rebuild, whatever the state is otherwise.
    void show_rebuild(std::optional<rebuild_progress> now);
    /// Shows an error.
    void show_error(std::string message);
    void show_error(const std::exception_ptr& failure) noexcept;
    /// Shows an error after which it is tried again; it was the `attempts`-th in a row.
    void show_failure(const std::exception_ptr& failure, unsigned attempts) noexcept;
    /// Shows the last one of them, and ends all waits. `follows_store`: whether the read model belongs to this state of
    /// the store, so that its position counts.
    void show_faulted(const std::exception_ptr& failure, unsigned attempts, bool follows_store) noexcept;
    /// Ends all waits, and shows the state `stopped` from now on: the runner is gone.
    void end_waits() noexcept;
    /// Shows that the last attempt was none of them. An error stays as the last one.
    void show_success() noexcept;
    [[nodiscard]] unsigned attempts() const;
    [[nodiscard]] bool is_faulted() const;

    /// Returns what is shown; head and lag are not set.
    [[nodiscard]] projection_status read() const;
    /// How many events were skipped, as of the same moment.
    [[nodiscard]] projection_status read(std::uint64_t& skipped) const;
    /// Waits until the read model has reached the position, the projection is faulted, the waits are ended, or the time
    /// is over; returns whether it has reached it. A read model of another state of the store has reached nothing.
    [[nodiscard]] bool wait(position reached, std::chrono::steady_clock::time_point until) const;

private:
    mutable std::mutex mutex_;
    mutable std::condition_variable changed_;
    progress now_;
    bool shown_ = false;    // now_ is set
    bool is_over_ = false;  // no more waits
    projection_state state_ = projection_state::stopped;
    bool follows_store_ = true;  // from an other_store until progress is shown again, false
    std::optional<rebuild_progress> rebuild_;
    unsigned attempts_ = 0;
    std::string last_error_;
    // Measured since there was something to do.
    std::chrono::steady_clock::time_point began_ = std::chrono::steady_clock::now();
    std::uint64_t seen_before_ = 0;
    double events_per_s_ = 0;
};

}  // namespace stele::inline v0::detail
