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

/// Events, and the messages that they were decoded to if they were.
struct decoded_events {
    decoded_events(const event_table& table, bool decode) : are_decoded(decode), messages(table) {}

    event_batch events;
    bool are_decoded;
    decoded_batch messages;
};

/// Reads events, and decodes them if that is asked for, on its own thread while its owner handles earlier ones, at most
/// two batches ahead. One thread may use it. Its own thread ends with it.
class read_ahead {
public:
    /// The table must outlive it.
    read_ahead(event_range source, const event_table& table, bool decode);
    read_ahead(const read_ahead&) = delete;
    read_ahead& operator=(const read_ahead&) = delete;
    ~read_ahead() = default;

    /// The next batch, valid until the next call; null at the end. Throws what reading has thrown, after every batch
    /// that was read before it.
    const decoded_events* next();

private:
    using batch = std::unique_ptr<decoded_events>;

    void run(const std::stop_token& stop);
    batch used_batch();

    event_range source_;
    const event_table& table_;
    bool decode_;
    batch returned_;

    std::mutex mutex_;
    std::condition_variable_any changed_;
    std::deque<batch> ready_;
    std::vector<batch> used_;  // to be refilled
    std::exception_ptr failure_;
    bool over_ = false;
    std::jthread thread_;  // last, so that it ends before the rest is destroyed
};

}  // namespace stele::inline v0::detail
