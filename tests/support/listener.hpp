#pragma once

#include "support/counter.hpp"

#include <stele/projections/subscriptions/subscription_runner.hpp>

#include <doctest/doctest.h>

#include <algorithm>
#include <cstdint>
#include <functional>
#include <mutex>
#include <set>
#include <utility>
#include <vector>

namespace testing {

/// What a subscription was given. Handlers write from any thread.
class notebook {
public:
    /// Called before an event is written down, so that a test can make the handler fail. Set it while nothing runs.
    std::function<void(const stele::recorded_event&)> before = [](const auto&) {};

    void write(const stele::recorded_event& at) {
        before(at);
        const std::lock_guard lock(mutex_);
        positions_.push_back(at.position.value);
    }
    [[nodiscard]] std::vector<std::uint64_t> positions() const {
        const std::lock_guard lock(mutex_);
        return positions_;
    }
    [[nodiscard]] std::vector<std::uint64_t> take() {
        const std::lock_guard lock(mutex_);
        return std::exchange(positions_, {});
    }

private:
    mutable std::mutex mutex_;
    std::vector<std::uint64_t> positions_;
};

/// A durable subscription to the changes of counters, which writes them into a notebook.
template <stele::on_fault Policy>
struct listener_that {
    static constexpr auto name = "listener";
    static constexpr auto events = hana::tuple_t<Incremented, Decremented>;
    static constexpr auto on_fault = Policy;
    notebook& book;
    void on(const auto&, const stele::recorded_event& at) const { book.write(at); }
};
using listener = listener_that<stele::on_fault::stop>;
using skipping_listener = listener_that<stele::on_fault::skip>;
using parking_listener = listener_that<stele::on_fault::dead_letter>;

/// The positions of the events that a listener gets, after a position.
inline std::vector<std::uint64_t> changes_after(stele::event_store& store, stele::position after) {
    std::vector<std::uint64_t> found;
    for (const auto& event :
         store.read_all({.after = after, .filter = {.types = {"testing.Incremented", "testing.Decremented"}}}).events())
        found.push_back(event.position.value);
    return found;
}

/// The status of the only subscription, whose counters must add up.
inline stele::durable_subscription_status status_of(const stele::subscription_runner& runner) {
    auto status = runner.status().front();
    CHECK(status.seen == status.applied + status.ignored + status.skipped + status.dead_lettered);
    return status;
}

/// Without those that were repeated after they had been there.
inline std::vector<std::uint64_t> first_ones(const std::vector<std::uint64_t>& positions) {
    std::set<std::uint64_t> seen;
    std::vector<std::uint64_t> first;
    for (const auto each : positions)
        if (seen.insert(each).second) first.push_back(each);
    return first;
}

}  // namespace testing
