#include "processes/process_progress.hpp"

#include <stele/eventstore/detail/failures.hpp>
#include <stele/eventstore/detail/saturating_time.hpp>

#include <algorithm>
#include <utility>

namespace stele::inline v0::detail {
namespace {

/// Before a retry after `busy`.
constexpr std::chrono::milliseconds busy_wait{100};

// Whether retrying is pointless.
bool is_lasting(const std::exception_ptr& failure) {
    const auto kind = kind_of(failure);
    return kind == error_kind::other_store || kind == error_kind::foreign_file || kind == error_kind::newer_format;
}

}  // namespace

position process_progress::position() const {
    const std::lock_guard lock(mutex_);
    return reached_;
}

void process_progress::advance(stele::position reached) {
    const std::lock_guard lock(mutex_);
    reached_ = std::max(reached_, reached);
    follows_store_ = true;
    changed_.notify_all();
}

std::optional<position> process_progress::wait_for(stele::position reached, std::chrono::milliseconds timeout) const {
    std::unique_lock lock(mutex_);
    const auto is_reached = [&] { return follows_store_ && reached_ >= reached; };
    changed_.wait_until(lock, end_of_wait(timeout), [&] { return is_reached() || failure_ || is_over_; });
    return is_reached() ? std::optional{reached_} : std::nullopt;
}

void process_progress::count(bool is_handled) {
    const std::lock_guard lock(mutex_);
    ++(is_handled ? counted_.handled : counted_.passed_over);
}

process_progress::counts process_progress::counted() const {
    const std::lock_guard lock(mutex_);
    return counted_;
}

void process_progress::end_waits() noexcept {
    const std::lock_guard lock(mutex_);
    is_over_ = true;
    changed_.notify_all();
}

bool process_progress::is_over() const {
    const std::lock_guard lock(mutex_);
    return is_over_;
}

void process_progress::begin(std::string cause) {
    const std::lock_guard lock(mutex_);
    cause_ = std::move(cause);
}

unsigned process_progress::attempt() const {
    const std::lock_guard lock(mutex_);
    return failed_cause_ == cause_ ? failures_ + 1 : 1;
}

void process_progress::report(std::exception_ptr failure, bool retries) {
    auto message = message_of(failure);
    const bool is_busy = kind_of(failure) == error_kind::busy;
    const bool is_other_store = kind_of(failure) == error_kind::other_store;
    const std::lock_guard lock(mutex_);
    follows_store_ = follows_store_ && !is_other_store;
    last_error_ = std::move(message);
    if (std::exchange(failed_cause_, cause_) != cause_) failures_ = 0;
    ++failures_;
    not_before_.reset();
    if (is_busy)
        not_before_ = clock::now() + busy_wait;
    else if (retries && failures_ < attempts_ && !is_lasting(failure))
        not_before_ = end_of_wait(pause_after(failures_, first_backoff_));
    else
        failure_ = std::move(failure);
    changed_.notify_all();
}

void process_progress::note_error(std::string message) {
    const std::lock_guard lock(mutex_);
    last_error_ = std::move(message);
}

void process_progress::succeed() {
    const std::lock_guard lock(mutex_);
    failures_ = 0;
    failed_cause_.clear();
    not_before_.reset();
}

void process_progress::clear_failure() {
    succeed();
    const std::lock_guard lock(mutex_);
    failure_ = nullptr;
}

std::exception_ptr process_progress::failure() const {
    const std::lock_guard lock(mutex_);
    return failure_;
}

std::string process_progress::last_error() const {
    const std::lock_guard lock(mutex_);
    return last_error_;
}

unsigned process_progress::failures() const {
    const std::lock_guard lock(mutex_);
    return failures_;
}

std::optional<process_progress::clock::time_point> process_progress::not_before() const {
    const std::lock_guard lock(mutex_);
    return not_before_;
}

}  // namespace stele::inline v0::detail
