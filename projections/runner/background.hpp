#pragma once

#include "projections/runner/any_projection.hpp"

#include <stele/eventstore/event_store.hpp>

#include <atomic>
#include <chrono>
#include <condition_variable>
#include <cstddef>
#include <cstdint>
#include <exception>
#include <memory>
#include <mutex>
#include <stop_token>
#include <string>
#include <thread>
#include <vector>

namespace stele::inline v0::detail {

/// How a background works: as projection_runner_options says.
struct background_options {
    std::size_t threads;
    unsigned attempts;
    std::chrono::milliseconds first_backoff;
};

/// Keeps projections up to date on its own threads: one waits for the store, the others apply events, one batch of one
/// projection at a time, so that no projection waits long for another.
class background {
public:
    /// Begins at once. Store and workers must outlive it. Throws what the store throws when it is asked for its head,
    /// and busy if there is no thread to be had; then nothing has begun. `owner` is the runner, for handler_scope.
    background(event_store& store, const std::vector<any_projection*>& workers, const background_options& options,
               const void* owner);
    /// Stops when the batches in progress are committed.
    ~background();
    /// Stops, but does not wait for the batches in progress: for their handlers.
    void request_stop() noexcept;
    /// Stops, and lets go of the owner of this object, on a thread of its own, when the batches in progress are
    /// committed: for handlers that destroy it. Needs no thread and no memory.
    void adopt(std::shared_ptr<void> owner) noexcept;
    [[nodiscard]] bool is_stopping() const noexcept { return is_stopping_; }
    /// Continues with a projection that is faulted, or pauses after a failure: it has another read model now.
    void resume(const any_projection& worker);
    /// Continues with all projections that are faulted.
    void resume_faulted();
    background(const background&) = delete;
    background& operator=(const background&) = delete;

private:
    using clock = std::chrono::steady_clock;

    struct job {
        enum class phase : std::uint8_t { idle, ready, running, faulted };

        any_projection* worker;
        phase now = phase::ready;
        clock::time_point not_before = {};
        clock::time_point last_step = {};
        unsigned failures = 0;     // in a row
        bool was_resumed = false;  // during a step; should that fail, it is about the former read model
    };

    void watch(const std::stop_token& stop) noexcept;
    void follow(const std::stop_token& stop) noexcept;
    void work(const std::stop_token& stop) noexcept;
    void take_head(position head);
    void run_step(job& mine, std::unique_lock<std::mutex>& lock);
    void resume(job& mine);
    void settle(job& mine, position target, step_outcome result);
    void settle_failure(job& mine, const std::exception_ptr& failure);
    job* next();
    [[nodiscard]] clock::time_point next_time() const;

    event_store& store_;
    background_options options_;
    const void* owner_;
    std::atomic<bool> is_stopping_ = false;
    std::mutex mutex_;
    std::condition_variable_any changed_;
    std::vector<job> jobs_;
    std::size_t working_ = 0;  // threads that work
    position head_;
    bool is_over_ = false;               // it is being destroyed
    std::shared_ptr<void> orphan_;       // the owner of this object, whose own owner is gone
    std::vector<std::jthread> threads_;  // last, so that they end before the rest is destroyed
};

}  // namespace stele::inline v0::detail
