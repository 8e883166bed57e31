#include "eventstore/sqlite/commit_queue.hpp"

#include <utility>

namespace stele::inline v0::detail {
namespace {

// Bounds of a group: large enough to share a sync among all waiting appends, small enough that none waits for
// megabytes.
constexpr std::size_t group_requests = 256;
constexpr std::size_t group_bytes = 4UL << 20;
// Bounds of the asynchronous appends in flight.
constexpr std::size_t async_requests_limit = 8192;
constexpr std::size_t async_bytes_limit = 32UL << 20;

std::size_t bytes_of(std::span<const event_data> events) {
    std::size_t sum = 0;
    for (const auto& event : events) sum += event.payload.size() + event.metadata.size();
    return sum;
}

// Whether this thread is writing for a queue. A call back into a queue would deadlock.
thread_local bool writing = false;

class writing_scope {
public:
    writing_scope() { writing = true; }
    writing_scope(const writing_scope&) = delete;
    writing_scope& operator=(const writing_scope&) = delete;
    ~writing_scope() { writing = false; }
};

void expect_not_writing() {
    if (writing)
        throw error(error_kind::invalid_argument,
                    "this thread is committing an append, so it cannot append, compact the store or register a "
                    "participant; code that takes part in an append may only read events and write its own tables");
}

void fulfil(async_append& append) {
    if (append.request.fault)
        append.promise.set_exception(append.request.fault);
    else if (const auto& outcome = *append.request.outcome; outcome)
        append.promise.set_value(outcome->front());
    else
        append.promise.set_value(std::unexpected(outcome.error()));
}

}  // namespace

std::shared_ptr<waiter> waiter::of_this_thread() {
    thread_local const auto own = std::make_shared<waiter>();
    own->now_ = signal::wait;
    return own;
}

void waiter::set(signal now) {
    {
        const std::lock_guard lock(mutex_);
        now_ = now;
    }
    wake_.notify_one();
}

waiter::signal waiter::wait() {
    std::unique_lock lock(mutex_);
    wake_.wait(lock, [this] { return now_ != signal::wait; });
    return now_;
}

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
    expect_not_writing();
    request.caller = waiter::of_this_thread();
    {
        const std::lock_guard lock(mutex_);
        waiting_.push_back({&request, nullptr});
        if (!leading_) hand_over();
    }
    if (request.caller->wait() == waiter::signal::lead) lead(&request);
}

void commit_queue::submit(std::unique_ptr<async_append> append) {
    expect_not_writing();
    std::unique_lock lock(mutex_);
    async_space_.wait(lock, [&] { return async_count_ < async_requests_limit && async_bytes_ < async_bytes_limit; });
    ++async_count_;
    async_bytes_ += append->request.size_bytes;
    auto* const request = &append->request;
    waiting_.push_back({request, std::move(append)});
    if (!async_leader_.joinable())
        async_leader_ = std::jthread([this](const std::stop_token& stop) { lead_for_async(stop); });
    if (!leading_) hand_over();
}

// Commits a group. Called by the leader; `own` is its request, if it waits for one.
void commit_queue::lead(const append_request* own) {
    auto group = [this] {
        const std::lock_guard lock(mutex_);
        return take_group();
    }();
    std::vector<append_request*> requests;
    requests.reserve(group.size());
    for (const auto& member : group) requests.push_back(member.request);
    {
        const writing_scope scope;
        commit_(requests);
    }

    // The next leader is woken after these: they may be back in the queue by then and share its sync.
    std::size_t async_count = 0;
    std::size_t async_bytes = 0;
    for (const auto& member : group) {
        if (member.owned) {
            ++async_count;
            async_bytes += member.request->size_bytes;
            fulfil(*member.owned);
        } else if (member.request != own) {
            // The caller destroys the request as soon as it is woken.
            const auto caller = member.request->caller;
            caller->set(waiter::signal::done);
        }
    }
    const std::lock_guard lock(mutex_);
    async_count_ -= async_count;
    async_bytes_ -= async_bytes;
    if (async_count > 0) async_space_.notify_all();
    hand_over();
}

// Makes the next in line the leader. Called with the lock, when there is no leader or by the one that just finished.
void commit_queue::hand_over() {
    leading_ = false;
    if (exclusive_waiting_ > 0) return exclusive_wake_.notify_one();
    if (waiting_.empty()) return;
    leading_ = true;
    if (waiting_.front().owned) {
        async_leads_ = true;
        async_wake_.notify_one();
    } else {
        const auto caller = waiting_.front().request->caller;
        caller->set(waiter::signal::lead);
    }
}

void commit_queue::exclusive(const std::function<void()>& work) {
    expect_not_writing();
    std::unique_lock lock(mutex_);
    ++exclusive_waiting_;
    exclusive_wake_.wait(lock, [this] { return !leading_; });
    leading_ = true;
    lock.unlock();
    std::exception_ptr failure;
    try {
        const writing_scope scope;
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
    // After a stop request the wait still returns whether something is left to do.
    while (async_wake_.wait(lock, stop, [this] { return async_leads_; })) {
        async_leads_ = false;
        lock.unlock();
        lead(nullptr);
        lock.lock();
    }
}

}  // namespace stele::inline v0::detail
