#pragma once

#include <stele/eventstore/event.hpp>

#include <cstddef>
#include <functional>
#include <iterator>
#include <utility>

namespace stele::inline v0 {

class event_sequence;

/// The result of a read: a single-pass range over batches of events, fetched as the caller goes on.
///
/// Each batch is read in one short transaction of its own and nothing is held open while the caller works, so a slow
/// reader never keeps the store from tidying up. A batch is good until the next one is asked for.
///
///     for (const stele::event_batch& batch : store.read_all()) …
///     for (const stele::recorded_event& event : store.read_stream(id).events()) …
///
/// The store must outlive the range. One thread at a time. Fetching throws what reading throws (event_store.hpp).
class event_range {
public:
    /// Fills the (cleared) batch with the next events; leaving it empty ends the range.
    using fetch = std::move_only_function<void(event_batch&)>;

    explicit event_range(fetch next) : next_(std::move(next)) {}

    class iterator {
    public:
        using value_type = event_batch;
        using difference_type = std::ptrdiff_t;

        explicit iterator(event_range& range) : range_(&range) {}
        const event_batch& operator*() const { return range_->batch_; }
        const event_batch* operator->() const { return &range_->batch_; }
        iterator& operator++() {
            range_->advance();
            return *this;
        }
        void operator++(int) { ++*this; }
        bool operator==(std::default_sentinel_t) const { return range_->batch_.empty(); }

    private:
        event_range* range_;
    };

    /// Fetches the first batch. Call it once.
    iterator begin() {
        advance();
        return iterator{*this};
    }
    static std::default_sentinel_t end() { return {}; }

    /// The same events one by one. Takes this range over, so that it may stand in a `for` as shown above.
    event_sequence events() &&;

private:
    void advance() {
        batch_.clear();
        next_(batch_);
    }

    fetch next_;
    event_batch batch_;
};

/// A single-pass range over events; each is good until the next one is asked for.
class event_sequence {
public:
    explicit event_sequence(event_range batches) : batches_(std::move(batches)) {}

    class iterator {
    public:
        using value_type = recorded_event;
        using difference_type = std::ptrdiff_t;

        explicit iterator(event_range::iterator batch) : batch_(batch) {}
        const recorded_event& operator*() const { return (*batch_)[index_]; }
        const recorded_event* operator->() const { return &(*batch_)[index_]; }
        iterator& operator++() {
            if (++index_ == batch_->size()) {
                ++batch_;
                index_ = 0;
            }
            return *this;
        }
        void operator++(int) { ++*this; }
        bool operator==(std::default_sentinel_t end) const { return batch_ == end; }

    private:
        event_range::iterator batch_;
        std::size_t index_ = 0;
    };

    iterator begin() { return iterator{batches_.begin()}; }
    static std::default_sentinel_t end() { return {}; }

private:
    event_range batches_;
};

inline event_sequence event_range::events() && {
    return event_sequence{std::move(*this)};
}

}  // namespace stele::inline v0
