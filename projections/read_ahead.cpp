#include "projections/read_ahead.hpp"

#include <condition_variable>
#include <cstddef>
#include <deque>
#include <exception>
#include <memory>
#include <mutex>
#include <stop_token>
#include <thread>
#include <utility>

namespace stele::detail {
namespace {

constexpr std::size_t most_ahead = 2;

class queue_of_batches {
public:
    explicit queue_of_batches(event_range source)
        : source_(std::move(source)), thread_([this](const std::stop_token& stop) { read(stop); }) {}
    queue_of_batches(const queue_of_batches&) = delete;
    queue_of_batches& operator=(const queue_of_batches&) = delete;
    ~queue_of_batches() = default;

    // Leaves the (empty) batch as it is at the end.
    void next(event_batch& batch) {
        std::unique_lock lock(mutex_);
        changed_.wait(lock, [this] { return !ready_.empty() || over_; });
        if (!ready_.empty()) {
            std::swap(batch, ready_.front());
            used_.push_back(std::move(ready_.front()));
            ready_.pop_front();
            changed_.notify_all();
        } else if (failure_) {
            std::rethrow_exception(failure_);
        }
    }

private:
    void read(const std::stop_token& stop) {
        std::exception_ptr failure;
        try {
            for (const event_batch& batch : source_) {
                // The range is ours, and fills what it finds in place of its batch: no event is copied.
                auto read = std::exchange(const_cast<event_batch&>(batch), empty_batch());
                std::unique_lock lock(mutex_);
                if (!changed_.wait(lock, stop, [this] { return ready_.size() < most_ahead; })) return;
                ready_.push_back(std::move(read));
                changed_.notify_all();
            }
        } catch (...) {
            failure = std::current_exception();
        }
        const std::lock_guard lock(mutex_);
        failure_ = failure;
        over_ = true;
        changed_.notify_all();
    }

    // One that has been used keeps its memory.
    event_batch empty_batch() {
        const std::lock_guard lock(mutex_);
        if (used_.empty()) return {};
        auto batch = std::move(used_.back());
        used_.pop_back();
        batch.clear();
        return batch;
    }

    event_range source_;
    std::mutex mutex_;
    std::condition_variable_any changed_;
    std::deque<event_batch> ready_;
    std::deque<event_batch> used_;
    std::exception_ptr failure_;
    bool over_ = false;
    std::jthread thread_;  // the last to be made and the first to go
};

}  // namespace

event_range read_ahead(event_range source) {
    return event_range{
        [queue = std::make_unique<queue_of_batches>(std::move(source))](event_batch& batch) { queue->next(batch); }};
}

}  // namespace stele::detail
