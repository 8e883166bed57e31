#pragma once

#include "projections/runner/any_projection.hpp"

#include <stele/eventstore/event_store.hpp>
#include <stele/projections/projection_runner.hpp>

#include <chrono>
#include <condition_variable>
#include <mutex>
#include <stop_token>
#include <string>
#include <thread>
#include <vector>

namespace stele::inline v0::detail {

/// Keeps projections up to date on threads of its own: one that waits for the store, and a few that apply, a batch of
/// one projection at a time, so that none waits long for another.
class background {
public:
    /// Begins at once. Store and workers must outlive it. Throws what the store throws when asked for its head.
    background(event_store& store, const std::vector<any_projection*>& workers,
               const projection_runner_options& options);
    /// Stops when the batches at hand are committed.
    ~background();
    /// Takes a projection up again that was faulted, or rests: it has another read model now.
    void take_up_again(const any_projection& worker);
    background(const background&) = delete;
    background& operator=(const background&) = delete;

private:
    using clock = std::chrono::steady_clock;

    struct job {
        enum class phase : std::uint8_t { idle, ready, running, faulted };

        any_projection* worker;
        phase now = phase::ready;
        clock::time_point not_before = {};
        clock::time_point last_turn = {};
        unsigned failures = 0;  // in a row
        bool again = false;     // what fails in the turn at hand was about the read model from before
    };

    void watch(const std::stop_token& stop);
    void work(const std::stop_token& stop);
    void take_head(position head);
    void take_turn(job& mine, std::unique_lock<std::mutex>& lock);
    void settle(job& mine, position target, turn_result result);
    void settle_failure(job& mine, const std::exception_ptr& failure);
    job* next();
    [[nodiscard]] clock::time_point next_time() const;

    event_store& store_;
    projection_runner_options options_;
    std::mutex mutex_;
    std::condition_variable_any changed_;
    std::vector<job> jobs_;
    position head_;
    std::vector<std::jthread> threads_;  // the last to be made and the first to go
};

}  // namespace stele::inline v0::detail
