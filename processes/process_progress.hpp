#pragma once

#include <stele/processes/process_runner.hpp>

#include <chrono>
#include <condition_variable>
#include <cstdint>
#include <exception>
#include <mutex>
#include <optional>
#include <string>

namespace stele::inline v0::detail {

/// How far a process has come, and how often it has failed. Any thread may call anything.
class process_progress {
public:
    using clock = std::chrono::steady_clock;

    explicit process_progress(const process_runner_options& options)
        : attempts_(options.attempts), first_backoff_(options.first_backoff) {}

    [[nodiscard]] stele::position position() const;
    void advance(stele::position reached);
    /// Returns the position once it is at least `reached`; nothing when the time is over, the process is faulted, or
    /// the waits are ended. A position of another store has reached nothing.
    [[nodiscard]] std::optional<stele::position> wait_for(stele::position reached,
                                                          std::chrono::milliseconds timeout) const;

    /// An event was handled, or passed over.
    void count(bool is_handled);
    struct counts {
        std::uint64_t handled = 0, passed_over = 0;
    };
    [[nodiscard]] counts counted() const;

    /// Ends all waits: the runner is gone.
    void end_waits() noexcept;
    [[nodiscard]] bool is_over() const;

    /// What is tried next: an event or a deadline; empty for what belongs to none. Failures of one are counted
    /// together.
    void begin(std::string cause);
    /// Which attempt at the cause has just failed, from 1.
    [[nodiscard]] unsigned attempt() const;
    [[nodiscard]] bool is_last_attempt() const { return attempt() >= attempts_; }

    /// A run has failed. With `retries` the process is tried again after a pause, unless it has no attempts left or
    /// that is pointless; `busy` never faults it.
    void report(std::exception_ptr failure, bool retries);
    void note_error(std::string message);
    void succeed();
    void clear_failure();

    /// What has faulted the process; null if nothing did.
    [[nodiscard]] std::exception_ptr failure() const;
    [[nodiscard]] std::string last_error() const;
    /// Failures in a row; 0 after a success.
    [[nodiscard]] unsigned failures() const;
    /// When to try again; nothing if it does not pause.
    [[nodiscard]] std::optional<clock::time_point> not_before() const;

private:
    const unsigned attempts_;
    const std::chrono::milliseconds first_backoff_;

    mutable std::mutex mutex_;  // guards the members below
    mutable std::condition_variable changed_;
    stele::position reached_;
    bool follows_store_ = true;  // from an other_store until it advances again, false: the position is of another store
    bool is_over_ = false;       // no more waits
    counts counted_;
    std::string cause_, failed_cause_;
    unsigned failures_ = 0;  // in a row, at failed_cause_
    std::optional<clock::time_point> not_before_;
    std::exception_ptr failure_;
    std::string last_error_;
};

}  // namespace stele::inline v0::detail
