#pragma once

#include <stele/eventstore/event_store.hpp>

#include <condition_variable>
#include <deque>
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

/// What a removal asks for; see event_store::truncate_stream and its neighbours.
struct removal_request {
    enum class kind : std::uint8_t { truncate, erase, tombstone };

    const stream_id& stream;
    expected_version expected;
    kind what;
    version before;
    const event_data& record;
};

/// Where a thread waits for its turn. Each thread has one for all its appends, and whoever wakes it holds on to it, so
/// that it can be woken without a lock: a woken thread goes on at once instead of meeting its waker at the mutex.
class waiting_place {
public:
    enum class turn : std::uint8_t { wait, lead, done };

    /// That of the calling thread, which is told to wait.
    static std::shared_ptr<waiting_place> of_this_thread();

    void tell(turn now);
    /// Waits until it is told something else, and returns that.
    turn wait();

private:
    std::mutex mutex_;
    std::condition_variable wake_;
    turn now_ = turn::wait;
};

/// One append (or removal) on its way through the queue. What it points to is kept by whoever made it.
struct append_request {
    using outcome_type = std::expected<std::vector<append_result>, conflict>;

    std::span<const stream_write> writes;
    std::span<const document_write> documents = {};
    std::size_t size_bytes = 0;
    const removal_request* removal = nullptr;  ///< If set, there are no writes.

    /// Set by the committer: the outcome, or else the fault.
    std::optional<outcome_type> outcome = {};
    std::exception_ptr fault = {};

    /// The queue's own: where the caller waits. None for an asynchronous append.
    std::shared_ptr<waiting_place> caller = {};
};

/// An append nobody waits for: it owns what it writes, and is told when it is done.
struct async_append {
    async_append(stream_id stream, expected_version expected, std::vector<event_data> to_append);

    std::vector<event_data> events;
    stream_write write;
    append_request request;
    std::promise<std::expected<append_result, conflict>> promise;
};

/// Lets concurrent appends share one commit, and so one sync (group commit, as in LevelDB's writers queue).
///
/// The first in the queue leads: it takes everyone who is waiting (up to a bound), commits for all, wakes them, and
/// hands the lead to the next in line. A lone caller only ever leads itself. A thread is started with the first
/// asynchronous append, to lead when no caller is there who could.
class commit_queue {
public:
    using append_group = std::span<append_request* const>;

    /// `commit` is called by one thread at a time and sets outcome or fault of each request; it throws nothing.
    explicit commit_queue(std::function<void(append_group)> commit) : commit_(std::move(commit)) {}
    /// Finishes what is under way.
    ~commit_queue();
    commit_queue(const commit_queue&) = delete;
    commit_queue& operator=(const commit_queue&) = delete;

    /// Returns when the request is done. Any thread.
    void submit(append_request& request);
    /// Returns at once, unless too much is under way already. Any thread.
    void submit(std::unique_ptr<async_append> append);
    /// Calls `work` while no group is being committed. What it throws passes through. Any thread.
    void exclusive(const std::function<void()>& work);

private:
    // `owned` is set for an asynchronous append.
    struct entry {
        append_request* request;
        std::unique_ptr<async_append> owned;
    };

    void lead(const append_request* own);
    void hand_over();
    std::vector<entry> take_group();
    void lead_for_async(const std::stop_token& stop);

    std::function<void(append_group)> commit_;
    std::mutex mutex_;
    std::deque<entry> waiting_;
    bool leading_ = false;               // somebody commits, or has been told to
    std::size_t exclusive_waiting_ = 0;  // they go before the next group
    std::condition_variable exclusive_wake_;

    // Asynchronous appends under way, in the queue or being committed.
    std::size_t async_count_ = 0;
    std::size_t async_bytes_ = 0;
    std::condition_variable async_space_;
    bool async_turn_ = false;  // the thread below has been told to lead
    std::condition_variable_any async_wake_;
    std::jthread async_leader_;
};

}  // namespace stele::inline v0::detail
