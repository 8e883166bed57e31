#include "processes/process_runner_state.hpp"

#include <stele/commands/command_bus.hpp>
#include <stele/eventstore/causation.hpp>
#include <stele/eventstore/detail/saturating_time.hpp>
#include <stele/eventstore/error.hpp>

#include <fmt/format.h>

#include <algorithm>
#include <chrono>
#include <optional>
#include <string>

namespace stele::inline v0 {

void process_runner::state::abandon() noexcept {
    {
        const std::lock_guard lock(mutex);
        is_abandoned = true;
        if (thread.joinable()) {
            thread.request_stop();
            thread.detach();  // it holds the state
        }
    }
    end_waits();
}

void process_runner::state::end_waits() noexcept {
    const std::lock_guard lock(mutex);
    for (const auto& worker : workers) worker->progress().end_waits();
}

std::vector<detail::process_worker*> process_runner::state::list() const {
    const std::lock_guard lock(mutex);
    std::vector<detail::process_worker*> all;
    all.reserve(workers.size());
    for (const auto& worker : workers) all.push_back(worker.get());
    return all;
}

detail::process_worker& process_runner::state::get(std::string_view name) const {
    for (auto* const worker : list())
        if (worker->name() == name) return *worker;
    throw error(error_kind::invalid_argument, fmt::format("No process with the name {} was added.", name));
}

void process_runner::state::expect_addable(const detail::process_definition& definition,
                                           const command_bus_base& bus) const {
    if (runs())
        throw error(error_kind::invalid_argument,
                    fmt::format("The process {} cannot be added while the runner is started: add it before start().",
                                definition.name));
    if (std::ranges::any_of(workers, [&](const auto& worker) { return worker->name() == definition.name; }))
        throw error(error_kind::invalid_argument,
                    fmt::format("A process with the name {} was added before.", definition.name));
    for (const auto& command : definition.commands)
        if (!bus.decides(*command.prototype->GetDescriptor()))
            throw error(error_kind::invalid_argument,
                        fmt::format("No aggregate of the bus decides the command {} of the process {}.", command.type(),
                                    definition.name));
}

process_status process_runner::state::status_of(detail::process_worker& worker, bool started) const {
    const auto& progress = worker.progress();
    process_status status{.name = std::string{worker.name()},
                          .position = progress.position(),
                          .head = store.head(),
                          .attempts = progress.failures(),
                          .last_error = progress.last_error(),
                          .dead_letters = worker.dead_letters().size(),
                          .handled = progress.counted().handled,
                          .passed_over = progress.counted().passed_over,
                          .next_deadline = worker.next_due()};
    status.lag_events = status.head.value - std::min(status.position, status.head).value;
    status.state = progress.failure()       ? process_state::faulted
                   : !started               ? process_state::stopped
                   : progress.not_before()  ? process_state::retrying
                   : status.lag_events == 0 ? process_state::live
                                            : process_state::catching_up;
    return status;
}

// Waiting for everything that follows from one event.

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
