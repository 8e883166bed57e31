#include "eventstore/sqlite/commit_queue.hpp"

#include <stele/eventstore/detail/append_scope.hpp>
#include <stele/eventstore/detail/per_thread.hpp>
#include <stele/eventstore/detail/saturating_time.hpp>
#include <stele/eventstore/detail/start_thread.hpp>

#include <fmt/format.h>

#include <string_view>
#include <utility>

namespace stele::inline v0::detail {
namespace {

// The bounds of a group, this and commit_queue::group_requests, are large enough to share a sync among all waiting
// appends, and small enough that none waits for megabytes.
constexpr std::size_t group_bytes = 4UL << 20;
// Bounds of the asynchronous appends in flight.
constexpr std::size_t async_requests_limit = 8192;
constexpr std::size_t async_bytes_limit = 32UL << 20;

std::size_t bytes_of(std::span<const event_data> events) {
    std::size_t sum = 0;
    for (const auto& event : events) sum += event.size_bytes();
    return sum;
}

// What is promised is moved, so this needs no memory.
void fulfil(async_append& append) noexcept {
    auto& request = append.request;
    auto& promise = append.promise;
    try {
        if (request.fault)
            promise.set_exception(request.fault);
        else if (auto& outcome = *request.outcome; outcome)
            promise.set_value(outcome->front());
        else
            promise.set_value(std::unexpected(std::move(outcome).error()));
    } catch (...) {
        promise.set_exception(std::current_exception());
    }
}

error still_busy(std::string_view so) {
    return {error_kind::busy,
            fmt::format("another append, a compact() or a change of the inline projections of this store, in this "
                        "process, was not over after the busy timeout, so {}; try again. If an inline projection waits "
                        "for a thread that makes this call, it waits for itself: it must not",
                        so)};
}

}  // namespace

std::shared_ptr<waiter> waiter::of_this_thread() {
    auto& own = per_thread<std::shared_ptr<waiter>>::get();
    if (!own) own = std::make_shared<waiter>();
    own->now_ = signal::wait;
    return own;
}

void waiter::set(signal now) noexcept {
    {
        const std::lock_guard lock(mutex_);
        now_ = now;
    }
    wake_.notify_one();
}

waiter::signal waiter::wait(std::chrono::milliseconds timeout) {
    std::unique_lock lock(mutex_);
    wake_.wait_until(lock, end_of_wait(timeout), [this] { return now_ != signal::wait; });
    return now_;
}

void request_list::push_back(append_request& request) noexcept {
    request.next = nullptr;
    (last_ != nullptr ? last_->next : first_) = &request;
    last_ = &request;
}

void request_list::pop_front() noexcept {
    first_ = first_->next;
    if (first_ == nullptr) last_ = nullptr;
}

bool request_list::remove(append_request& request) noexcept {
    append_request* before = nullptr;
    for (auto* each = first_; each != nullptr; before = std::exchange(each, each->next)) {
        if (each != &request) continue;
        (before != nullptr ? before->next : first_) = request.next;
        if (last_ == &request) last_ = before;
        return true;
    }
    return false;
}

async_append::async_append(stream_id stream, expected_version expected, std::vector<event_data> to_append,
                           std::vector<append_condition> to_hold)
    : events(std::move(to_append)),
      conditions(std::move(to_hold)),
      write{std::move(stream), expected, events},
      request{.writes = std::span(&write, 1), .conditions = conditions, .size_bytes = bytes_of(events), .owner = this} {
}

commit_queue::~commit_queue() {
    if (async_leader_.joinable()) {
        async_leader_.request_stop();
        // A handler that ends the program may run on that very thread.
        if (async_leader_.get_id() == std::this_thread::get_id())
            async_leader_.detach();
        else
            async_leader_.join();
    }
}

void commit_queue::submit(append_request& request) {
    expect_outside_appends();
    request.caller = waiter::of_this_thread();
    std::uint64_t turn = 0;
    {
        const std::lock_guard lock(mutex_);
        waiting_.push_back(request);
        if (!leading_) hand_over();
        turn = turn_;
    }
    if (wait_for_turn(request, turn) == waiter::signal::lead) lead(&request);
}

// Returns `lead` or `done`. Throws if it has taken the request out of the queue.
waiter::signal commit_queue::wait_for_turn(append_request& request, std::uint64_t turn) {
    while (true) {
        if (const auto now = request.caller->wait(limit_); now != waiter::signal::wait) return now;
        const std::lock_guard lock(mutex_);
        const bool is_same = turn == std::exchange(turn, turn_);
        // One that was told to lead, or is being committed, waits for that.
        if (is_same && request.caller->wait(std::chrono::milliseconds{}) == waiter::signal::wait &&
            waiting_.remove(request))
            throw still_busy("this append was not stored");
    }
}

void commit_queue::start_async_leader() {
    if (async_leader_.joinable()) return;
    async_leader_ = start_thread("asynchronous appends", [this](const std::stop_token& stop) { lead_for_async(stop); });
}

void commit_queue::submit(std::unique_ptr<async_append> append) {
    expect_outside_appends();
    std::unique_lock lock(mutex_);
    const auto has_space = [&] { return async_count_ < async_requests_limit && async_bytes_ < async_bytes_limit; };
    for (auto turn = turn_; !async_space_.wait_until(lock, end_of_wait(limit_), has_space);)
        if (turn == std::exchange(turn, turn_))
            throw still_busy("and too many asynchronous appends are in flight, this append was not stored");
    start_async_leader();
    // From here on nothing throws.
    ++async_count_;
    async_bytes_ += append->request.size_bytes;
    waiting_.push_back(append.release()->request);
    if (!leading_) hand_over();
}

// Commits a group. Called by the leader; `own` is its request, if it waits for one.
void commit_queue::lead(const append_request* own) noexcept {
    append_group group(*this);
    {
        const append_scope scope;
        commit_(group);
    }

    // Before the next group is committed, so that futures become ready in the order of the commits.
    std::size_t async_count = 0;
    std::size_t async_bytes = 0;
    for (auto* const request : group.requests()) {
        if (request->owner == nullptr) continue;
        ++async_count;
        async_bytes += request->size_bytes;
        fulfil(*request->owner);
    }
    {
        const std::lock_guard lock(mutex_);
        async_count_ -= async_count;
        async_bytes_ -= async_bytes;
        if (async_count > 0) async_space_.notify_all();
        hand_over();
    }
    for (auto* const request : group.requests()) {
        if (request->owner != nullptr) {
            const std::unique_ptr<async_append> done{request->owner};
        } else if (request != own) {
            // The caller destroys the request as soon as it is woken.
            const auto caller = request->caller;
            caller->set(waiter::signal::done);
        }
    }
}

// Makes the next in line the leader. Called with the lock, when there is no leader or by the one that just finished.
void commit_queue::hand_over() noexcept {
    leading_ = false;
    if (exclusive_waiting_ > 0) return exclusive_wake_.notify_one();
    auto* const next = waiting_.front();
    if (next == nullptr) return;
    leading_ = true;
    ++turn_;
    if (next->owner != nullptr) {
        async_leads_ = true;
        async_wake_.notify_one();
    } else {
        const auto caller = next->caller;
        caller->set(waiter::signal::lead);
    }
}

void commit_queue::exclusive(const std::function<void()>& work) {
    expect_outside_appends();
    std::unique_lock lock(mutex_);
    ++exclusive_waiting_;
    // It is next, before all groups: nothing but another one like it can come in between.
    if (!exclusive_wake_.wait_until(lock, end_of_wait(limit_), [this] { return !leading_; })) {
        --exclusive_waiting_;
        throw still_busy("nothing was done");
    }
    leading_ = true;
    lock.unlock();
    std::exception_ptr failure;
    try {
        const append_scope scope;
        work();
    } catch (...) {
        failure = std::current_exception();
    }
    lock.lock();
    --exclusive_waiting_;
    hand_over();
    lock.unlock();
    if (failure) std::rethrow_exception(failure);
}

bool commit_queue::append_group::take_more() noexcept {
    const std::lock_guard lock(queue_.mutex_);
    const auto before = count_;
    while (count_ < group_requests) {
        auto* const next = queue_.waiting_.front();
        if (next == nullptr || (count_ > 0 && bytes_ + next->size_bytes > group_bytes)) break;
        bytes_ += next->size_bytes;
        queue_.waiting_.pop_front();
        requests_[count_++] = next;
    }
    return count_ > before;
}

void commit_queue::lead_for_async(const std::stop_token& stop) noexcept {
    std::unique_lock lock(mutex_);
    // After a stop request the wait still returns whether something is left to do.
    while (async_wake_.wait(lock, stop, [this] { return async_leads_; })) {
        async_leads_ = false;
        lock.unlock();
        lead(nullptr);
        lock.lock();
    }
}

}  // namespace stele::inline v0::detail
