#include "projections/runner/background.hpp"

#include <stele/eventstore/detail/failures.hpp>
#include <stele/eventstore/detail/handler_scope.hpp>
#include <stele/eventstore/detail/saturating_time.hpp>
#include <stele/eventstore/detail/start_thread.hpp>

#include <algorithm>
#include <exception>
#include <utility>

namespace stele::inline v0::detail {
namespace {

// How long to wait for the store before it is asked again, and after it has failed.
constexpr std::chrono::milliseconds wait_time{1000};
constexpr std::chrono::milliseconds store_backoff{100};
// When to look again at a projection that is busy.
constexpr std::chrono::milliseconds busy_backoff{10};

// Whether retrying is pointless.
bool is_lasting(const std::exception_ptr& failure) {
    const auto kind = kind_of(failure);
    return kind == error_kind::needs_rebuild || kind == error_kind::other_store || kind == error_kind::foreign_file ||
           kind == error_kind::newer_format || kind == error_kind::closed;
}

}  // namespace

background::background(event_store& store, const std::vector<any_projection*>& workers,
                       const background_options& options, const void* owner)
    : store_(store), options_(options), owner_(owner), head_(store.head()) {
    for (auto* const worker : workers) jobs_.push_back({.worker = worker});
    const auto count = std::min(options.threads, jobs_.size());
    threads_.reserve(1 + count);
    // They begin when all are there: one that cannot be had leaves everything as it was.
    const std::lock_guard lock(mutex_);
    working_ = count;
    try {
        threads_.push_back(start_thread("a runner", [this](const std::stop_token& stop) { watch(stop); }));
        while (threads_.size() < 1 + count)
            threads_.push_back(start_thread("a runner", [this](const auto& stop) { work(stop); }));
    } catch (...) {
        for (auto& thread : threads_) thread.request_stop();
        is_over_ = true;
        throw;
    }
    for (auto* const worker : workers) {
        worker->board().show_success();
        worker->board().show(projection_state::catching_up);
    }
}

void background::request_stop() noexcept {
    is_stopping_ = true;
    for (auto& thread : threads_) thread.request_stop();
}

void background::adopt(std::shared_ptr<void> owner) noexcept {
    request_stop();
    const std::lock_guard lock(mutex_);
    orphan_ = std::move(owner);
    changed_.notify_all();
}

background::~background() {
    request_stop();
    {
        const std::lock_guard lock(mutex_);
        is_over_ = true;
        changed_.notify_all();
    }
    threads_.clear();
    for (const auto& each : jobs_) {
        each.worker->leave();
        if (each.now != job::phase::faulted) each.worker->board().show(projection_state::stopped);
    }
}

void background::watch(const std::stop_token& stop) noexcept {
    follow(stop);
    std::unique_lock lock(mutex_);
    changed_.wait(lock, [this] { return is_over_ || orphan_ != nullptr; });
    if (orphan_ == nullptr) return;
    // This thread ends the others, and then by itself. A call that is under way may be the last to let go of the owner.
    const auto owner = std::move(orphan_);
    threads_.front().detach();
    lock.unlock();
    std::for_each(threads_.begin() + 1, threads_.end(), [](auto& thread) { thread.join(); });
}

void background::follow(const std::stop_token& stop) noexcept {
    position seen;
    {
        const std::lock_guard lock(mutex_);
        seen = head_;
    }
    while (!stop.stop_requested()) try {
            const auto head = store_.wait_for_append(seen, wait_time, stop);
            if (head > seen) take_head(head);
            seen = std::max(seen, head);
        } catch (...) {
            const auto failure = std::current_exception();
            std::unique_lock lock(mutex_);
            for (const auto& each : jobs_) each.worker->board().show_error(failure);
            changed_.wait_for(lock, stop, store_backoff, [] { return false; });
        }
}

void background::take_head(position head) {
    {
        const std::lock_guard lock(mutex_);
        head_ = head;
        for (auto& each : jobs_) {
            if (each.now != job::phase::idle) continue;
            each.now = job::phase::ready;
            each.worker->board().show(projection_state::catching_up);
        }
    }
    changed_.notify_all();
}

void background::resume(job& mine) {
    mine.failures = 0;
    mine.worker->board().show_success();
    mine.not_before = {};
    mine.was_resumed = mine.now == job::phase::running;
    if (mine.was_resumed) return;
    mine.now = job::phase::ready;
    mine.worker->board().show(projection_state::catching_up);
}

void background::resume(const any_projection& worker) {
    {
        const std::lock_guard lock(mutex_);
        for (auto& each : jobs_)
            if (each.worker == &worker) resume(each);
    }
    changed_.notify_all();
}

void background::resume_faulted() {
    {
        const std::lock_guard lock(mutex_);
        for (auto& each : jobs_)
            if (each.now == job::phase::faulted) resume(each);
    }
    changed_.notify_all();
}

void background::work(const std::stop_token& stop) noexcept {
    std::unique_lock lock(mutex_);
    while (!stop.stop_requested()) {
        if (auto* const mine = next())
            run_step(*mine, lock);
        else
            changed_.wait_until(lock, stop, next_time(), [this] { return next() != nullptr; });
    }
    if (--working_ > 0) return;
    // A handler that has asked for the stop does not wait for it, and nobody else may.
    for (const auto& each : jobs_)
        if (each.now != job::phase::faulted) each.worker->board().show(projection_state::stopped);
}

// The one that is ready and has waited longest since its last step.
background::job* background::next() {
    const auto now = clock::now();
    job* longest = nullptr;
    for (auto& each : jobs_)
        if (each.now == job::phase::ready && each.not_before <= now &&
            (longest == nullptr || each.last_step < longest->last_step))
            longest = &each;
    return longest;
}

background::clock::time_point background::next_time() const {
    auto time = clock::now() + wait_time;
    for (const auto& each : jobs_)
        if (each.now == job::phase::ready) time = std::min(time, each.not_before);
    return time;
}

void background::run_step(job& mine, std::unique_lock<std::mutex>& lock) {
    mine.now = job::phase::running;
    mine.was_resumed = false;
    mine.last_step = clock::now();
    const auto target = head_;
    lock.unlock();
    step_outcome result{};
    std::exception_ptr failure;
    try {
        const handler_scope here{owner_};
        result = mine.worker->step(target);
    } catch (...) {
        failure = std::current_exception();
    }
    lock.lock();
    if (failure)
        settle_failure(mine, failure);
    else
        settle(mine, target, result);
    if (mine.now == job::phase::faulted) {
        lock.unlock();
        mine.worker->leave();
        lock.lock();
    }
    changed_.notify_all();
}

void background::settle(job& mine, position target, step_outcome result) {
    mine.now = job::phase::ready;
    mine.not_before = result == step_outcome::busy ? clock::now() + busy_backoff : clock::time_point{};
    if (result != step_outcome::busy && std::exchange(mine.failures, 0) > 0) mine.worker->board().show_success();
    if (result != step_outcome::at_target || target < head_) return;
    mine.now = job::phase::idle;
    mine.worker->board().show(projection_state::live);
}

void background::settle_failure(job& mine, const std::exception_ptr& failure) {
    if (std::exchange(mine.was_resumed, false)) {
        mine.now = job::phase::ready;
        return;
    }
    ++mine.failures;
    if (mine.failures >= options_.attempts || is_lasting(failure)) {
        mine.now = job::phase::faulted;
        mine.worker->board().show_faulted(failure, mine.failures, kind_of(failure) != error_kind::other_store);
        return;
    }
    mine.worker->board().show_failure(failure, mine.failures);
    mine.now = job::phase::ready;
    mine.not_before = end_of_wait(pause_after(mine.failures, options_.first_backoff));
}

}  // namespace stele::inline v0::detail
