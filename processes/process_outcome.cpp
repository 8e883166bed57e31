#include "processes/process_runner_state.hpp"

#include <stele/eventstore/causation.hpp>
#include <stele/eventstore/detail/saturating_time.hpp>

#include <algorithm>
#include <chrono>
#include <string>

/// Waiting for everything that follows from one event.
namespace stele::inline v0 {
namespace {

using clock = std::chrono::steady_clock;

/// How long a wait goes on before it looks whether the runner was stopped.
constexpr std::chrono::milliseconds longest_slice{50};

// What follows from an event has its correlation, or its id, as correlation.
std::string correlation_of(const recorded_event& event) {
    return caused_by(event).correlation_id;
}

std::optional<owned_event> find(event_store& store, position at) {
    if (at.value == 0) return {};
    return store.last_event({.after = {at.value - 1}, .up_to = at});
}

}  // namespace

/// One call of wait_for_outcome().
class process_runner::state::outcome_wait {
public:
    outcome_wait(const state& of, stele::position cause, std::chrono::milliseconds timeout)
        : state_(of), cause_(cause), end_(detail::end_of_wait(timeout)), due_(of.options.now()) {
        if (const auto event = find(state_.store, cause)) correlation_ = correlation_of(event->view());
    }

    std::expected<stele::position, process_wait_failure> run() {
        for (auto reached = cause_;;) {
            for (auto* const worker : state_.list()) {
                if (!waits(*worker,
                           [&](auto slice) { return worker->progress().wait_for(reached, slice).has_value(); }))
                    return failure(*worker, reached);
                if (!waits(*worker, [&](auto slice) { return has_fired(*worker, slice); }))
                    return failure(*worker, reached, true);
            }
            for (auto* const worker : state_.list())
                if (auto letter = find_dead_letter(*worker)) {
                    auto found = failure(*worker, reached);
                    found.error().dead_letter = std::move(letter);
                    return found;
                }
            const auto next = next_after(reached);
            if (!next) return reached;
            reached = *next;
        }
    }

private:
    // Whether that was so before the time was over, and while the worker could do something for it.
    template <class Condition>
    bool waits(detail::process_worker& worker, Condition is_so) const {
        while (true) {
            const bool may_go_on = state_.is_started() && !worker.progress().failure() && !worker.progress().is_over();
            const auto left = std::chrono::floor<std::chrono::milliseconds>(end_ - clock::now());
            const auto slice = std::clamp(left, std::chrono::milliseconds{0}, longest_slice);
            if (is_so(may_go_on ? slice : std::chrono::milliseconds{0})) return true;
            if (!may_go_on || left.count() <= 0) return false;
        }
    }

    bool has_fired(detail::process_worker& worker, std::chrono::milliseconds slice) const {
        const auto seen = state_.store.head();
        const auto is_due = [&] {
            const auto next = worker.next_due();
            return next && *next <= due_;
        };
        if (!is_due()) return true;
        if (slice.count() == 0) return false;
        static_cast<void>(state_.store.wait_for_append(seen, slice));
        return !is_due();
    }

    // The last event after that which follows from the cause.
    [[nodiscard]] std::optional<stele::position> next_after(stele::position reached) const {
        if (correlation_.empty()) return {};
        const auto next = state_.store.last_event({.after = reached, .filter = {.correlation_id = correlation_}});
        return next ? std::optional{next->position} : std::nullopt;
    }

    [[nodiscard]] std::optional<dead_letter> find_dead_letter(const detail::process_worker& worker) const {
        for (auto& letter : worker.dead_letters()) {
            if (letter.position < cause_) continue;
            const auto event = find(state_.store, letter.position);
            if (event && correlation_of(event->view()) == correlation_) return std::move(letter);
        }
        return {};
    }

    [[nodiscard]] std::unexpected<process_wait_failure> failure(detail::process_worker& worker, stele::position reached,
                                                                bool waits_for_deadline = false) const {
        return std::unexpected(process_wait_failure{.reached = reached,
                                                    .status = state_.status_of(worker, state_.is_started()),
                                                    .deadline_is_due = waits_for_deadline});
    }

    const state& state_;
    const stele::position cause_;
    const clock::time_point end_;
    const timestamp due_;
    std::string correlation_;
};

std::expected<position, process_wait_failure> process_runner::wait_for_outcome(
    stele::position cause, detail::saturated<std::chrono::milliseconds> timeout) const {
    const auto mine = state_.held();
    mine->expect_outside("wait_for_outcome()");
    return state::outcome_wait{*mine, cause, timeout}.run();
}

}  // namespace stele::inline v0
