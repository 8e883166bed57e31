#pragma once

#include "projections/sql/read_model_file.hpp"

#include <stele/projections/projection_status.hpp>

#include <chrono>
#include <condition_variable>
#include <mutex>
#include <optional>
#include <string>

namespace stele::inline v0::detail {

/// What a projection shows of itself while it is at work. Any thread may call anything; nobody waits for the work.
class progress_board {
public:
    /// Shows how far the read model is. Called when that has been committed.
    void show(const progress& now);
    /// Shows a state; that of events to come begins a measurement of the rate.
    void show(projection_state state);
    /// Shows the state `rebuilding` as long as there is a rebuild, whatever the state is besides.
    void show_rebuild(std::optional<rebuild_progress> now);
    /// Shows an error; faulted() also ends all waits.
    void show_error(std::string message);
    void show_faulted(std::string message);

    /// What is shown, without what the store knows: head and lag.
    [[nodiscard]] projection_status read() const;
    /// Waits until the read model has come to `reached`, or the projection is faulted, or the time has come; returns
    /// whether it has.
    [[nodiscard]] bool wait(position reached, std::chrono::steady_clock::time_point until) const;

private:
    mutable std::mutex mutex_;
    mutable std::condition_variable changed_;
    progress now_;
    bool shown_ = false;  // now_ has been shown
    projection_state state_ = projection_state::stopped;
    std::optional<rebuild_progress> rebuild_;
    std::string last_error_;
    // Of the time since there was something to do.
    std::chrono::steady_clock::time_point began_ = std::chrono::steady_clock::now();
    std::uint64_t seen_before_ = 0;
    double events_per_s_ = 0;
};

}  // namespace stele::inline v0::detail
