#include "eventstore/sqlite/commit_queue.hpp"

#include <utility>

namespace stele::detail {
namespace {

// Bounds of a group: large enough to share a sync among all who wait, small enough that nobody waits for megabytes.
constexpr std::size_t group_requests = 256;
constexpr std::size_t group_bytes = 4UL << 20;
// Bounds of what is under way without anybody waiting for it.
constexpr std::size_t async_requests_limit = 8192;
constexpr std::size_t async_bytes_limit = 32UL << 20;

std::size_t bytes_of(std::span<const event_data> events) {
    std::size_t sum = 0;
    for (const auto& event : events) sum += event.payload.size() + event.metadata.size();
    return sum;
}

// Hands the outcome over to whoever holds the future.
void fulfil(async_append& append) {
    if (append.request.fault)
        append.promise.set_exception(append.request.fault);
    else if (const auto& outcome = *append.request.outcome; outcome)
        append.promise.set_value(outcome->front());
    else
        append.promise.set_value(std::unexpected(outcome.error()));
}

}  // namespace

async_append::async_append(stream_id stream, expected_version expected, std::vector<event_data> to_append)
    : events(std::move(to_append)),
      write{std::move(stream), expected, events},
      request{.writes = std::span(&write, 1), .size_bytes = bytes_of(events)} {}

commit_queue::~commit_queue() {
    if (async_leader_.joinable()) {
        async_leader_.request_stop();
        async_leader_.join();
    }
}

void commit_queue::submit(append_request& request) {
    std::unique_lock lock(mutex_);
    waiting_.push_back({&request, nullptr});
    request.wake.wait(lock, [&] { return request.done || (free_to_lead() && waiting_.front().request == &request); });
    if (!request.done) lead(lock);
}

void commit_queue::submit(std::unique_ptr<async_append> append) {
    std::unique_lock lock(mutex_);
    async_space_.wait(lock, [&] { return async_count_ < async_requests_limit && async_bytes_ < async_bytes_limit; });
    ++async_count_;
    async_bytes_ += append->request.size_bytes;
    auto* const request = &append->request;
    waiting_.push_back({request, std::move(append)});
    if (!async_leader_.joinable())
        async_leader_ = std::jthread([this](const std::stop_token& stop) { lead_for_async(stop); });
    wake_next();
}

// Commits for everyone who waits. Called with the lock, by the one whose turn it is.
void commit_queue::lead(std::unique_lock<std::mutex>& lock) {
    leading_ = true;
    auto group = take_group();
    std::vector<append_request*> requests;
    requests.reserve(group.size());
    for (const auto& member : group) requests.push_back(member.request);
    lock.unlock();
    commit_(requests);
    lock.lock();
    leading_ = false;
    finish(group, lock);
}

void commit_queue::finish(std::vector<entry>& group, std::unique_lock<std::mutex>& lock) {
    bool any_async = false;
    for (const auto& member : group) {
        if (member.owned) {
            any_async = true;
            --async_count_;
            async_bytes_ -= member.request->size_bytes;
        } else {
            // Under the lock: a woken member destroys its condition variable as soon as it can take the mutex.
            member.request->done = true;
            member.request->wake.notify_one();
        }
    }
    wake_next();
    if (!any_async) return;
    async_space_.notify_all();
    lock.unlock();
    for (const auto& member : group)
        if (member.owned) fulfil(*member.owned);
    lock.lock();
}

void commit_queue::exclusive(const std::function<void()>& work) {
    std::unique_lock lock(mutex_);
    ++exclusive_waiting_;
    exclusive_wake_.wait(lock, [this] { return !leading_; });
    leading_ = true;
    lock.unlock();
    std::exception_ptr failure;
    try {
        work();
    } catch (...) {
        failure = std::current_exception();
    }
    lock.lock();
    leading_ = false;
    --exclusive_waiting_;
    wake_next();
    lock.unlock();
    if (failure) std::rethrow_exception(failure);
}

// Wakes whoever may lead next, if nobody does.
void commit_queue::wake_next() {
    if (leading_) return;
    if (exclusive_waiting_ > 0) return exclusive_wake_.notify_one();
    if (waiting_.empty()) return;
    if (front_is_async())
        async_wake_.notify_one();
    else
        waiting_.front().request->wake.notify_one();
}

std::vector<commit_queue::entry> commit_queue::take_group() {
    std::vector<entry> group;
    std::size_t bytes = 0;
    while (!waiting_.empty() && group.size() < group_requests) {
        bytes += waiting_.front().request->size_bytes;
        if (!group.empty() && bytes > group_bytes) break;
        group.push_back(std::move(waiting_.front()));
        waiting_.pop_front();
    }
    return group;
}

void commit_queue::lead_for_async(const std::stop_token& stop) {
    std::unique_lock lock(mutex_);
    // When a stop is requested, the wait still answers whether something is left to do.
    while (async_wake_.wait(lock, stop, [this] { return free_to_lead() && front_is_async(); })) lead(lock);
}

}  // namespace stele::detail
