#pragma once

#include <stele/eventstore/detail/saturating_time.hpp>
#include <stele/eventstore/event.hpp>

#include <atomic>
#include <functional>

namespace stele::inline v0 {

/// A clock that stands until it is set: for tests of deadlines.
///
///     stele::manual_clock clock{sys_days{2026y / 1 / 31}};
///     stele::process_runner runner{store, {.now = clock.reader()}};
///     clock.advance(24h);
///     runner.catch_up();
///
/// Any thread may call anything. The clock must outlive what was given its reader.
class manual_clock {
public:
    /// Starts at `now`, in any unit.
    explicit manual_clock(detail::saturated<timestamp> now = {}) : microseconds_(now.time_since_epoch().count()) {}

    /// The time that was set last.
    [[nodiscard]] timestamp now() const { return timestamp{timestamp::duration{microseconds_.load()}}; }
    /// Sets the time, in any unit, also backwards.
    void set(detail::saturated<timestamp> now) { microseconds_ = now.time_since_epoch().count(); }
    /// Moves the time by `by`, in any unit, also backwards; at most to timestamp::max() or timestamp::min().
    void advance(detail::saturated<timestamp::duration> by) {
        auto from = microseconds_.load();
        const auto moved = [&] {
            return detail::saturating_add(timestamp{timestamp::duration{from}}, by).time_since_epoch().count();
        };
        while (!microseconds_.compare_exchange_weak(from, moved())) continue;
    }

    /// A function that reads this clock.
    [[nodiscard]] std::function<timestamp()> reader() const {
        return [this] { return now(); };
    }

private:
    std::atomic<timestamp::rep> microseconds_;
};

}  // namespace stele::inline v0
