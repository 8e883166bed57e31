#pragma once

#include <stele/codec/detail/decoded_batch.hpp>
#include <stele/eventstore/event_range.hpp>

#include <condition_variable>
#include <cstddef>
#include <deque>
#include <exception>
#include <memory>
#include <mutex>
#include <stop_token>
#include <thread>
#include <vector>

namespace stele::inline v0::detail {

/// Some events with the messages that they were decoded to.
struct decoded_events {
    explicit decoded_events(const event_table& table) : messages(table) {}

    event_batch events;
    decoded_batch messages;
};

/// Reads and decodes events on a thread of its own while its owner handles those before, at most two batches ahead.
/// One thread may use it. Its own thread ends with it.
class read_ahead {
public:
    /// The table must outlive it.
    read_ahead(event_range source, const event_table& table);
    read_ahead(const read_ahead&) = delete;
    read_ahead& operator=(const read_ahead&) = delete;
    ~read_ahead() = default;

    /// The next batch, good until the next call; null at the end. Throws what reading has thrown, once all that was
    /// read before has been given out.
    const decoded_events* next();

private:
    using batch = std::unique_ptr<decoded_events>;

    void run(const std::stop_token& stop);
    batch used_batch();

    event_range source_;
    const event_table& table_;
    batch given_out_;

    std::mutex mutex_;
    std::condition_variable_any changed_;
    std::deque<batch> ready_;
    std::vector<batch> used_;  // these keep their memory
    std::exception_ptr failure_;
    bool over_ = false;
    std::jthread thread_;  // the last to be made and the first to go
};

}  // namespace stele::inline v0::detail
