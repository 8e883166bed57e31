#pragma once

#include <stele/eventstore/detail/saturating_time.hpp>
#include <stele/eventstore/version.hpp>

#include <algorithm>
#include <chrono>
#include <condition_variable>
#include <mutex>
#include <stop_token>

namespace stele::inline v0::detail {

/// Wakes the threads that wait for the head of a store to move. Any thread.
class head_signal {
public:
    /// Announces that the head is now at `head`.
    void announce(position head) {
        {
            const std::lock_guard lock(mutex_);
            if (head <= announced_) return;
            announced_ = head;
        }
        moved_.notify_all();
    }

    /// Waits until `read_head()` is beyond `seen`, at most for `timeout` or until a stop; returns its last result.
    /// It is called after each announcement, and every `poll`, at least a millisecond, to notice appends of other
    /// processes.
    template <class ReadHead>
    position wait_for_append(position seen, std::chrono::milliseconds timeout, std::chrono::milliseconds poll,
                             const std::stop_token& stop, ReadHead read_head) {
        const auto deadline = end_of_wait(timeout);
        poll = std::max(poll, std::chrono::milliseconds{1});
        while (true) {
            const position head = read_head();
            const auto now = std::chrono::steady_clock::now();
            if (head > seen || stop.stop_requested() || now >= deadline) return head;
            std::unique_lock lock(mutex_);
            moved_.wait_until(lock, stop, std::min(deadline, saturating_add(now, poll)),
                              [&] { return announced_ > seen; });
        }
    }

private:
    std::mutex mutex_;
    std::condition_variable_any moved_;
    position announced_;
};

}  // namespace stele::inline v0::detail
