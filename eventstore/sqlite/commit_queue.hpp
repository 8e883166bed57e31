#pragma once

#include <stele/eventstore/event_store.hpp>

#include <array>
#include <chrono>
#include <condition_variable>
#include <cstdint>
#include <exception>
#include <functional>
#include <future>
#include <memory>
#include <mutex>
#include <optional>
#include <span>
#include <thread>
#include <vector>

namespace stele::inline v0::detail {

/// The arguments of event_store::do_remove().
struct removal_request {
    const stream_id& stream;
    expected_version expected;
    stream_removal kind;
    version before;
    const event_data& record;
};

/// Where a thread waits for its append. Each thread has one for all its appends. Its waker shares ownership, so it can
/// wake the thread without holding the queue's lock: the thread does not run into the waker at the mutex.
class waiter {
public:
    enum class signal : std::uint8_t { wait, lead, done };

    /// The waiter of the calling thread, set to wait.
    static std::shared_ptr<waiter> of_this_thread();

    void set(signal now) noexcept;
    /// Waits until it is set to something other than wait, at most for `timeout`, and returns what it is set to.
    signal wait(std::chrono::milliseconds timeout);

private:
    std::mutex mutex_;
    std::condition_variable wake_;
    signal now_ = signal::wait;
};

struct async_append;

/// A batch of tags for stored events, and the event that records it.
struct tagging_request {
    const tag_batch& batch;
    const event_data& record;
};

/// One append (removal, batch of tags) on its way through the queue. Its creator keeps what it points to.
struct append_request {
    using outcome_type = append_all_outcome;

    std::span<const stream_write> writes;
    std::span<const document_write> documents = {};
    std::span<const append_condition> conditions = {};
    std::size_t size_bytes = 0;
    const removal_request* removal = nullptr;  ///< If set, there are no writes.
    const tagging_request* tagging = nullptr;  ///< The same.

    /// Set by the committer: the outcome, or else the fault.
    std::optional<outcome_type> outcome = {};
    std::exception_ptr fault = {};

    /// Set by the queue: where the caller waits. None for an asynchronous append.
    std::shared_ptr<waiter> caller = {};
    /// The asynchronous append that this is a part of. The queue owns it.
    async_append* owner = nullptr;
    append_request* next = nullptr;  ///< In the queue.
};

/// Requests in their order, linked through themselves: no call needs memory, so none can fail.
class request_list {
public:
    [[nodiscard]] append_request* front() const noexcept { return first_; }
    void push_back(append_request& request) noexcept;
    void pop_front() noexcept;
    /// Takes a request out of the list; false if it is not in it.
    bool remove(append_request& request) noexcept;

private:
    append_request* first_ = nullptr;
    append_request* last_ = nullptr;
};

/// An append that no thread waits for: it owns its events and conditions, and fulfils a promise.
struct async_append {
    async_append(stream_id stream, expected_version expected, std::vector<event_data> to_append,
                 std::vector<append_condition> to_hold);

    std::vector<event_data> events;
    std::vector<append_condition> conditions;
    stream_write write;
    append_request request;
    std::promise<append_outcome> promise;
};

/// Lets concurrent appends share one commit, and so one sync (group commit, as in LevelDB's writers queue).
///
/// The first thread in the queue leads: it takes all waiting appends (up to a bound) and those that come while it
/// writes them, commits, makes the next thread the leader, and wakes the threads of its group. They come back while the
/// next leader writes, and share its sync. A lone caller only ever leads itself. The first asynchronous append starts a
/// thread that leads when no caller can.
///
/// From the moment a request is in the queue until the lead is handed over nothing can throw, so a turn cannot be lost.
class commit_queue {
public:
    /// Most requests that are committed at once.
    static constexpr std::size_t group_requests = 256;

    /// The requests that are committed at once, in their order.
    class append_group {
    public:
        explicit append_group(commit_queue& queue) noexcept : queue_(queue) { take_more(); }

        [[nodiscard]] std::span<append_request* const> requests() const noexcept {
            return std::span(requests_).first(count_);
        }
        /// Takes those who wait now, as long as there is room; false if none was taken.
        bool take_more() noexcept;

    private:
        commit_queue& queue_;
        std::array<append_request*, group_requests> requests_;
        std::size_t count_ = 0;
        std::size_t bytes_ = 0;
    };

    /// `commit` is called by one thread at a time and sets the outcome or fault of each request; it must not throw.
    /// All functions below throw stele::error (busy) once they have waited for `limit`, submit() only if no group was
    /// committed in that time: a commit, or the work of exclusive(), lasts, and may be waiting for that very thread. 0
    /// or less: they do not wait.
    commit_queue(std::function<void(append_group&)> commit, std::chrono::milliseconds limit)
        : commit_(std::move(commit)), limit_(limit) {}
    /// Finishes the appends in flight.
    ~commit_queue();
    commit_queue(const commit_queue&) = delete;
    commit_queue& operator=(const commit_queue&) = delete;

    /// Returns when the request is done. Any thread. If it throws, the request was not carried out.
    void submit(append_request& request);
    /// Returns at once, unless too many are in flight. Any thread. If it throws, the append is not carried out.
    void submit(std::unique_ptr<async_append> append);
    /// Calls `work` while no group is being committed. Its exceptions pass through. Any thread.
    void exclusive(const std::function<void()>& work);

private:
    void lead(const append_request* own) noexcept;
    void hand_over() noexcept;
    void wait_for_exclusive_turn(std::unique_lock<std::mutex>& lock);
    waiter::signal wait_for_turn(append_request& request, std::uint64_t turn);
    void start_async_leader();
    void lead_for_async(const std::stop_token& stop) noexcept;

    std::function<void(append_group&)> commit_;
    const std::chrono::milliseconds limit_;
    std::mutex mutex_;
    request_list waiting_;
    bool leading_ = false;               // a thread commits, or has been signalled to
    std::uint64_t turn_ = 0;             // counts those who lead
    std::size_t exclusive_waiting_ = 0;  // they run before the next group
    std::condition_variable exclusive_wake_;

    // Asynchronous appends in flight: queued or being committed.
    std::size_t async_count_ = 0;
    std::size_t async_bytes_ = 0;
    std::condition_variable async_space_;
    bool async_leads_ = false;  // the thread below has been signalled to lead
    std::condition_variable_any async_wake_;
    std::jthread async_leader_;
};

}  // namespace stele::inline v0::detail
