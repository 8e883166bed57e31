#include "processes/process_runner_state.hpp"

#include <stele/eventstore/detail/failures.hpp>
#include <stele/eventstore/detail/handler_scope.hpp>
#include <stele/eventstore/detail/saturating_time.hpp>
#include <stele/eventstore/error.hpp>

#include <algorithm>

/// How a runner lets its processes run, one after the other.
namespace stele::inline v0 {
namespace {

/// The clock may be set while nothing looks at it, and a deadline may be set by another program.
constexpr std::chrono::milliseconds longest_wait{1000};

}  // namespace

process_runner::state::round process_runner::state::run_once(deadline_rounds& deadlines, const std::stop_token& stop,
                                                             bool retries) const {
    round result;
    for (auto* const worker : list()) {
        auto& progress = worker->progress();
        if (progress.failure() || stop.stop_requested()) continue;
        if (const auto pause = progress.not_before();
            retries && pause && *pause > detail::process_progress::clock::now())
            continue;
        try {
            const detail::handler_scope here(this);
            result.any = worker->run(deadlines[worker], stop, retries) || result.any;
            if (!stop.stop_requested()) progress.succeed();
        } catch (...) {
            result.failures.push_back(std::current_exception());
            const bool is_busy = detail::kind_of(result.failures.back()) == error_kind::busy;
            result.busy = result.busy || is_busy;
            progress.report(result.failures.back(), retries);
        }
    }
    return result;
}

void process_runner::state::follow(const std::stop_token& stop) const noexcept {
    try {
        deadline_rounds deadlines;
        while (!stop.stop_requested()) {
            const auto seen = store.head();
            const auto done = run_once(deadlines, stop, true);
            if (!done.any && store.wait_for_append(seen, until_next(), stop) == seen) settle();
        }
    } catch (...) {
        for (auto* const worker : list())
            if (!worker->progress().failure()) worker->progress().report(std::current_exception(), false);
    }
    try {
        settle();
    } catch (...) {  // then events that left no trace are looked at again
    }
}

void process_runner::state::settle() const {
    for (auto* const worker : list())
        if (!worker->progress().failure()) worker->settle();
}

std::chrono::milliseconds process_runner::state::until_next() const {
    auto wait = longest_wait;
    for (auto* const worker : list()) {
        if (worker->progress().failure()) continue;
        if (const auto pause = worker->progress().not_before())
            wait = std::min(
                wait, std::chrono::ceil<std::chrono::milliseconds>(*pause - detail::process_progress::clock::now()));
        else if (const auto due = worker->next_due())
            wait = std::min(
                wait, std::chrono::ceil<std::chrono::milliseconds>(detail::saturating_difference(*due, options.now())));
    }
    return std::max(wait, std::chrono::milliseconds{0});
}

}  // namespace stele::inline v0
