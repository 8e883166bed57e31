#include "projections/runner/progress_board.hpp"

#include <stele/eventstore/detail/failures.hpp>

#include <utility>

namespace stele::inline v0::detail {

void progress_board::show(const progress& now) {
    {
        const std::lock_guard lock(mutex_);
        // Events that were there when it was opened do not count for the rate.
        if (!std::exchange(shown_, true)) seen_before_ = now.seen;
        now_ = now;
        follows_store_ = true;
        const std::chrono::duration<double> took = std::chrono::steady_clock::now() - began_;
        if (now.seen > seen_before_) events_per_s_ = static_cast<double>(now.seen - seen_before_) / took.count();
    }
    changed_.notify_all();
}

void progress_board::show(projection_state state) {
    const std::lock_guard lock(mutex_);
    if (std::exchange(state_, state) == state) return;
    if (state != projection_state::catching_up) return;
    began_ = std::chrono::steady_clock::now();
    seen_before_ = now_.seen;
}

void progress_board::show_rebuild(std::optional<rebuild_progress> now) {
    const std::lock_guard lock(mutex_);
    rebuild_ = now;
}

void progress_board::show_error(std::string message) {
    const std::lock_guard lock(mutex_);
    last_error_ = std::move(message);
}

void progress_board::show_error(const std::exception_ptr& failure) noexcept {
    auto message = message_without_fail(failure);
    const std::lock_guard lock(mutex_);
    last_error_ = std::move(message);
}

void progress_board::show_failure(const std::exception_ptr& failure, unsigned attempts) noexcept {
    auto message = message_without_fail(failure);
    const std::lock_guard lock(mutex_);
    attempts_ = attempts;
    last_error_ = std::move(message);
}

void progress_board::end_waits() noexcept {
    {
        const std::lock_guard lock(mutex_);
        is_over_ = true;
    }
    changed_.notify_all();
}

void progress_board::show_success() noexcept {
    const std::lock_guard lock(mutex_);
    attempts_ = 0;
}

unsigned progress_board::attempts() const {
    const std::lock_guard lock(mutex_);
    return attempts_;
}

bool progress_board::is_faulted() const {
    const std::lock_guard lock(mutex_);
    return state_ == projection_state::faulted;
}

void progress_board::show_faulted(const std::exception_ptr& failure, unsigned attempts, bool follows_store) noexcept {
    auto message = message_without_fail(failure);
    {
        const std::lock_guard lock(mutex_);
        state_ = projection_state::faulted;
        attempts_ = attempts;
        follows_store_ = follows_store;
        last_error_ = std::move(message);
    }
    changed_.notify_all();
}

projection_status progress_board::read() const {
    std::uint64_t skipped = 0;
    return read(skipped);
}

projection_status progress_board::read(std::uint64_t& skipped) const {
    const std::lock_guard lock(mutex_);
    skipped = now_.skipped;
    projection_status status;
    status.state = is_over_ ? projection_state::stopped : rebuild_ ? projection_state::rebuilding : state_;
    status.rebuild = rebuild_;
    status.checkpoint = now_.checkpoint;
    status.events_per_s = events_per_s_;
    status.attempts = attempts_;
    status.last_error = last_error_;
    status.seen = now_.seen;
    status.applied = now_.applied;
    status.ignored = now_.ignored;
    status.dead_lettered = now_.dead_lettered;
    return status;
}

bool progress_board::wait(position reached, std::chrono::steady_clock::time_point until) const {
    std::unique_lock lock(mutex_);
    changed_.wait_until(lock, until, [&] {
        return (follows_store_ && now_.checkpoint >= reached) || state_ == projection_state::faulted || is_over_;
    });
    return follows_store_ && now_.checkpoint >= reached;
}

}  // namespace stele::inline v0::detail
