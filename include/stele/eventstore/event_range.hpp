#pragma once

#include <stele/eventstore/event_batch.hpp>

#include <cstddef>
#include <functional>
#include <iterator>
#include <utility>

namespace stele::inline v0 {

class event_sequence;

/// The result of a read: a single-pass range over batches of events, fetched as the caller iterates.
///
/// Each batch is read in a short transaction of its own. No transaction stays open while the caller works, so a slow
/// reader never delays checkpoints. A batch is valid until the iterator is incremented.
///
///     for (const stele::event_batch& batch : store.read_all()) …
///     for (const stele::recorded_event& event : store.read_stream(id).events()) …
///
/// The store must outlive the range, and must not be moved meanwhile. One thread at a time. Fetching throws what
/// reading throws (event_store.hpp).
class event_range {
public:
    /// Fills the (empty) batch with the next events; leaving it empty ends the range.
    using fetch = std::move_only_function<void(event_batch&)>;

    /// For stores: `next` reads one batch after the other.
    explicit event_range(fetch next) : next_(std::move(next)) {}

    event_range(event_range&&) noexcept = default;
    event_range& operator=(event_range&& other) noexcept {
        if (this == &other) return *this;
        next_ = std::move(other.next_);
        batch_ = std::move(other.batch_);
        begun_ = other.begun_;
        return *this;
    }
    ~event_range() = default;

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

        /// Moves the current batch out, so that it can be kept without copying an event. Call it once for a batch, and
        /// increment the iterator next. The memory of `reuse` is used for the next batch.
        [[nodiscard]] event_batch take(event_batch reuse = {}) const {
            return std::exchange(range_->batch_, std::move(reuse));
        }

    private:
        event_range* range_;
    };

    /// Fetches the first batch. A range is read once: a second call throws stele::error (invalid_argument), and the
    /// first one on a range that was moved from throws closed.
    iterator begin() &;
    void begin() && = delete;
    static std::default_sentinel_t end() { return {}; }

    /// The same events one by one. Consumes this range, so that it may be used in a `for` as shown above.
    event_sequence events() &&;

private:
    void advance() {
        batch_.clear();
        next_(batch_);
    }

    fetch next_;
    event_batch batch_;
    bool begun_ = false;
};

/// A single-pass range over events; each is valid until the iterator is incremented.
class event_sequence {
public:
    /// The events of `batches`, one by one.
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

    /// As event_range::begin(): once.
    iterator begin() & { return iterator{batches_.begin()}; }
    void begin() && = delete;
    static std::default_sentinel_t end() { return {}; }

private:
    event_range batches_;
};

inline event_sequence event_range::events() && {
    return event_sequence{std::move(*this)};
}

}  // namespace stele::inline v0
