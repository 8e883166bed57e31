#include "projections/runner/read_ahead.hpp"

#include <stele/eventstore/detail/start_thread.hpp>

#include <utility>

namespace stele::inline v0::detail {
namespace {

constexpr std::size_t most_ahead = 2;

}  // namespace

read_ahead::read_ahead(event_range source, const event_table& table, bool decode)
    : source_(std::move(source)),
      table_(table),
      decode_(decode),
      thread_(start_thread("a replay", [this](const std::stop_token& stop) { run(stop); })) {}

const decoded_events* read_ahead::next() {
    std::unique_lock lock(mutex_);
    if (returned_) used_.push_back(std::move(returned_));
    changed_.wait(lock, [this] { return !ready_.empty() || over_; });
    if (ready_.empty()) {
        if (failure_) std::rethrow_exception(failure_);
        return nullptr;
    }
    returned_ = std::move(ready_.front());
    ready_.pop_front();
    changed_.notify_all();
    return returned_.get();
}

void read_ahead::run(const std::stop_token& stop) {
    std::exception_ptr failure;
    try {
        for (auto read = source_.begin(); read != event_range::end(); ++read) {
            auto next = used_batch();
            next->events = read.take(std::move(next->events));
            if (decode_) next->messages.decode(next->events);
            std::unique_lock lock(mutex_);
            if (!changed_.wait(lock, stop, [this] { return ready_.size() < most_ahead; })) return;
            ready_.push_back(std::move(next));
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

read_ahead::batch read_ahead::used_batch() {
    const std::lock_guard lock(mutex_);
    if (used_.empty()) return std::make_unique<decoded_events>(table_, decode_);
    auto free = std::move(used_.back());
    used_.pop_back();
    return free;
}

}  // namespace stele::inline v0::detail
