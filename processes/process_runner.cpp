#include "processes/process_worker.hpp"

#include <stele/commands/command_bus.hpp>
#include <stele/eventstore/detail/append_scope.hpp>
#include <stele/eventstore/detail/failures.hpp>
#include <stele/eventstore/detail/handler_scope.hpp>
#include <stele/eventstore/detail/process_mark.hpp>
#include <stele/eventstore/detail/saturating_time.hpp>
#include <stele/eventstore/detail/start_thread.hpp>
#include <stele/eventstore/error.hpp>
#include <stele/eventstore/event_store.hpp>
#include <stele/processes/process_runner.hpp>

#include <fmt/format.h>

#include <algorithm>
#include <iterator>
#include <map>
#include <thread>
#include <vector>

namespace stele::inline v0 {
namespace {

/// The clock may be set while nothing looks at it, and a deadline may be set by another program.
constexpr std::chrono::milliseconds longest_wait{1000};

}  // namespace

struct process_runner::state {
    state(event_store& from, process_runner_options with) : store(from), options(std::move(with)) {}

    detail::process_mark process;
    event_store& store;
    process_runner_options options;
    std::vector<std::unique_ptr<detail::process_worker>> workers;
    mutable std::mutex mutex;  // guards the thread; never held while it is waited for
    std::jthread thread;
    bool is_orphan = false;  // its runner is gone: the thread destroys it

    void run(const std::stop_token& stop) noexcept {
        {
            const std::lock_guard lock(mutex);  // start() is over
        }
        follow(stop);
        {
            const std::lock_guard lock(mutex);
            if (!is_orphan) return;
            thread.detach();
        }
        delete this;
    }
    // Whether there is a thread that destroys this.
    bool leave_to_thread() noexcept {
        const std::lock_guard lock(mutex);
        thread.request_stop();
        return is_orphan = thread.joinable();
    }

    [[nodiscard]] detail::process_worker* find(std::string_view name) const {
        const auto found = std::ranges::find(workers, name, [](const auto& worker) { return worker->name(); });
        return found == workers.end() ? nullptr : found->get();
    }

    [[nodiscard]] detail::process_worker& get(std::string_view name) const {
        if (auto* const worker = find(name)) return *worker;
        throw error(error_kind::invalid_argument, fmt::format("No process with the name {} was added.", name));
    }

    [[nodiscard]] bool runs() const { return thread.joinable() && !thread.get_stop_token().stop_requested(); }
    [[nodiscard]] bool is_started() const {
        const std::lock_guard lock(mutex);
        return runs();
    }

    // For the functions that wait for handlers to end.
    void expect_outside(std::string_view call) const { detail::expect_outside_handlers(this, call, "this runner"); }

    void clear_failures() const {
        for (const auto& worker : workers) worker->progress().clear_failure();
    }

    struct round {
        bool any = false;   ///< There was something to do.
        bool busy = false;  ///< Something was busy and will be retried.
        std::vector<std::exception_ptr> failures;
    };

    using deadline_rounds = std::map<const detail::process_worker*, detail::deadline_round>;

    // Lets every process run once that is not faulted and does not pause. With `retries` it pauses after a failure.
    [[nodiscard]] round run_once(deadline_rounds& deadlines, const std::stop_token& stop, bool retries) const {
        round result;
        for (const auto& worker : workers) {
            auto& progress = worker->progress();
            if (progress.failure() || stop.stop_requested()) continue;
            if (const auto pause = progress.not_before();
                retries && pause && *pause > detail::process_progress::clock::now())
                continue;
            try {
                const detail::handler_scope here(this);
                result.any = worker->run(deadlines[worker.get()], stop, retries) || result.any;
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

    void follow(const std::stop_token& stop) const noexcept {
        try {
            deadline_rounds deadlines;
            while (!stop.stop_requested()) {
                const auto seen = store.head();
                const auto done = run_once(deadlines, stop, true);
                if (!done.any) static_cast<void>(store.wait_for_append(seen, until_next(), stop));
            }
        } catch (...) {
            for (const auto& worker : workers)
                if (!worker->progress().failure()) worker->progress().report(std::current_exception(), false);
        }
    }

    [[nodiscard]] std::chrono::milliseconds until_next() const {
        auto wait = longest_wait;
        for (const auto& worker : workers) {
            if (worker->progress().failure()) continue;
            if (const auto pause = worker->progress().not_before())
                wait = std::min(wait, std::chrono::ceil<std::chrono::milliseconds>(
                                          *pause - detail::process_progress::clock::now()));
            else if (const auto due = worker->next_due())
                wait = std::min(wait, std::chrono::ceil<std::chrono::milliseconds>(
                                          detail::saturating_difference(*due, options.now())));
        }
        return std::max(wait, std::chrono::milliseconds{0});
    }

    [[nodiscard]] process_status status_of(detail::process_worker& worker, bool started) const {
        const auto& progress = worker.progress();
        process_status status{.name = std::string{worker.name()},
                              .position = progress.position(),
                              .head = store.head(),
                              .attempts = progress.failures(),
                              .last_error = progress.last_error(),
                              .dead_letters = worker.dead_letters().size(),
                              .next_deadline = worker.next_due()};
        status.lag_events = status.head.value - std::min(status.position, status.head).value;
        status.state = progress.failure()       ? process_state::faulted
                       : !started               ? process_state::stopped
                       : progress.not_before()  ? process_state::retrying
                       : status.lag_events == 0 ? process_state::live
                                                : process_state::catching_up;
        return status;
    }
};

process_runner::process_runner(event_store& store, process_runner_options options)
    : state_("this process_runner", std::make_unique<state>(store, std::move(options))) {
    const auto& [now, cached, commands_per_turn, attempts, first_backoff] = state_->options;
    if (commands_per_turn == 0 || attempts == 0 || first_backoff.value().count() < 0)
        throw error(error_kind::invalid_argument,
                    "process_runner_options: commands_per_turn and attempts must be at least 1, and first_backoff not "
                    "negative");
    if (!state_->options.now)
        throw error(error_kind::invalid_argument, "process_runner_options::now is empty; give it a clock");
}
process_runner::process_runner(process_runner&&) noexcept = default;
process_runner& process_runner::operator=(process_runner&& other) noexcept {
    if (this != &other) {
        const process_runner ended{std::move(*this)};
        state_ = std::move(other.state_);
    }
    return *this;
}
process_runner::~process_runner() {
    if (!state_) return;
    if (state_.unchecked()->process.is_inherited()) [[maybe_unused]]
        const auto* const of_parent = state_.take().release();  // it stays as it is
    if (!state_ || !detail::handler_scope::is_inside(state_.unchecked())) return;
    // Destroyed by one of its own handlers, whose thread cannot wait for itself.
    auto* const ended = state_.take().release();
    if (ended->leave_to_thread()) return;
    // The handler runs in a call of the owner, who should not have destroyed it. Better kept than destroyed under it.
    try {
        std::thread([ended] { delete ended; }).detach();
    } catch (...) {
        return;
    }
}

void process_runner::add(detail::process_definition definition, command_bus_base& bus, process_options options) {
    state_->expect_outside("add()");
    const std::lock_guard lock(state_->mutex);
    if (state_->runs())
        throw error(error_kind::invalid_argument,
                    fmt::format("The process {} cannot be added while the runner is started: add it before start().",
                                definition.name));
    if (state_->find(definition.name) != nullptr)
        throw error(error_kind::invalid_argument,
                    fmt::format("A process with the name {} was added before.", definition.name));
    for (const auto& command : definition.commands)
        if (!bus.decides(*command.prototype->GetDescriptor()))
            throw error(error_kind::invalid_argument,
                        fmt::format("No aggregate of the bus decides the command {} of the process {}.", command.type(),
                                    definition.name));
    state_->workers.push_back(
        std::make_unique<detail::process_worker>(state_->store, bus, std::move(definition), options, state_->options));
}

stele::position process_runner::catch_up() {
    state_->expect_outside("catch_up()");
    state_->clear_failures();
    std::vector<std::exception_ptr> failures;
    state::deadline_rounds deadlines;
    for (bool again = true; again;) {
        auto done = state_->run_once(deadlines, {}, false);
        again = done.any && !done.busy;
        std::ranges::move(done.failures, std::back_inserter(failures));
    }
    detail::throw_any(failures, "processes");
    return state_->store.head();
}

void process_runner::start() {
    std::jthread ending;  // joined when the mutex is free again; one event at a time is handled, whatever the thread
    const std::lock_guard lock(state_->mutex);
    const bool runs = state_->runs();
    const bool any_failed = std::ranges::any_of(
        state_->workers, [](const auto& worker) { return worker->progress().failure() != nullptr; });
    if (runs && !any_failed) return;
    if (detail::handler_scope::is_inside(state_.unchecked())) {
        if (!runs) state_->expect_outside("start()");
        return state_->clear_failures();  // the thread looks at them within a second
    }
    auto started =
        detail::start_thread("a process_runner", [&state = *state_](const std::stop_token& stop) { state.run(stop); });
    ending = std::move(state_->thread);  // it may be waiting, or have ended with the failure
    ending.request_stop();
    state_->clear_failures();
    state_->thread = std::move(started);
}

void process_runner::stop() {
    if (!state_) return;
    std::jthread ending;  // joined when the mutex is free again
    const std::lock_guard lock(state_->mutex);
    if (detail::handler_scope::is_inside(state_.unchecked()) || detail::append_scope::is_inside())
        return static_cast<void>(state_->thread.request_stop());
    ending = std::move(state_->thread);
}

std::vector<process_status> process_runner::status() const {
    const bool started = state_->is_started();
    std::vector<process_status> all;
    for (const auto& worker : state_->workers) all.push_back(state_->status_of(*worker, started));
    return all;
}

std::vector<dead_letter> process_runner::dead_letters(std::string_view name, stele::position after,
                                                      std::size_t limit) const {
    auto letters = state_->get(name).dead_letters();
    const auto first = std::ranges::upper_bound(letters, after, {}, &dead_letter::position);
    letters.erase(letters.begin(), first);
    if (letters.size() > limit) letters.erase(letters.begin() + static_cast<std::ptrdiff_t>(limit), letters.end());
    return letters;
}

dead_letter_replay process_runner::replay_dead_letters(std::string_view name) {
    state_->expect_outside("replay_dead_letters()");
    auto& worker = state_->get(name);
    const detail::handler_scope here(state_.unchecked());
    return worker.replay_dead_letters();
}

bool process_runner::discard_dead_letter(std::string_view name, stele::position position, std::string_view instance) {
    state_->expect_outside("discard_dead_letter()");
    return state_->get(name).discard_dead_letter(position, instance);
}

position process_runner::position(std::string_view name) const {
    return state_->get(name).progress().position();
}

std::expected<position, process_wait_failure> process_runner::wait_for(
    std::string_view name, stele::position reached, detail::saturated<std::chrono::milliseconds> timeout) const {
    state_->expect_outside("wait_for()");
    auto& worker = state_->get(name);
    if (const auto position = worker.progress().wait_for(reached, timeout)) return *position;
    return std::unexpected(process_wait_failure{reached, state_->status_of(worker, state_->is_started())});
}

std::exception_ptr process_runner::failure(std::string_view name) const {
    return state_->get(name).progress().failure();
}

}  // namespace stele::inline v0
