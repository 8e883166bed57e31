#include "eventstore/sqlite/commit_queue.hpp"

#include <utility>

namespace stele::inline v0::detail {
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

// Whether this thread is writing for a queue. What it calls then must not wait for one.
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
                    "an append is being committed on this thread, so it cannot append (or add an inline projection, or "
                    "compact); the handler of an inline projection must only read events and write its tables");
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

std::shared_ptr<waiting_place> waiting_place::of_this_thread() {
    thread_local const auto place = std::make_shared<waiting_place>();
    place->now_ = turn::wait;
    return place;
}

void waiting_place::tell(turn now) {
    {
        const std::lock_guard lock(mutex_);
        now_ = now;
    }
    wake_.notify_one();
}

waiting_place::turn waiting_place::wait() {
    std::unique_lock lock(mutex_);
    wake_.wait(lock, [this] { return now_ != turn::wait; });
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
    request.caller = waiting_place::of_this_thread();
    {
        const std::lock_guard lock(mutex_);
        waiting_.push_back({&request, nullptr});
        if (!leading_) hand_over();
    }
    if (request.caller->wait() == waiting_place::turn::lead) lead(&request);
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

// Commits for everyone who waits. Called by the one whose turn it is; `own` is its request, if it waits for one.
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

    // The next one is told only after these: they may be back in the queue by then, and share its sync.
    std::size_t async_count = 0;
    std::size_t async_bytes = 0;
    for (const auto& member : group) {
        if (member.owned) {
            ++async_count;
            async_bytes += member.request->size_bytes;
            fulfil(*member.owned);
        } else if (member.request != own) {
            // The request is gone as soon as its caller knows.
            const auto caller = member.request->caller;
            caller->tell(waiting_place::turn::done);
        }
    }
    const std::lock_guard lock(mutex_);
    async_count_ -= async_count;
    async_bytes_ -= async_bytes;
    if (async_count > 0) async_space_.notify_all();
    hand_over();
}

// Tells whoever is next to lead. Called with the lock, when nobody does or by the one who did.
void commit_queue::hand_over() {
    leading_ = false;
    if (exclusive_waiting_ > 0) return exclusive_wake_.notify_one();
    if (waiting_.empty()) return;
    leading_ = true;
    if (waiting_.front().owned) {
        async_turn_ = true;
        async_wake_.notify_one();
    } else {
        const auto caller = waiting_.front().request->caller;
        caller->tell(waiting_place::turn::lead);
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
    // When a stop is requested, the wait still answers whether something is left to do.
    while (async_wake_.wait(lock, stop, [this] { return async_turn_; })) {
        async_turn_ = false;
        lock.unlock();
        lead(nullptr);
        lock.lock();
    }
}

}  // namespace stele::inline v0::detail
