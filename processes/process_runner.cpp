#include "processes/process_runner_state.hpp"

#include <stele/eventstore/detail/append_scope.hpp>
#include <stele/eventstore/detail/failures.hpp>
#include <stele/eventstore/detail/start_thread.hpp>
#include <stele/eventstore/error.hpp>

#include <algorithm>
#include <iterator>

namespace stele::inline v0 {

process_runner::process_runner(event_store& store, process_runner_options options)
    : state_("this process_runner", std::make_shared<state>(store, std::move(options))) {
    const auto& [now, cached, per_batch, commands_per_turn, attempts, first_backoff] = state_->options;
    if (per_batch == 0 || commands_per_turn == 0 || attempts == 0 || first_backoff.count() < 0)
        throw error(error_kind::invalid_argument,
                    "process_runner_options: events_per_batch, commands_per_turn and attempts must be at least 1, and "
                    "first_backoff not negative");
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
    const auto mine = state_.take();
    if (!mine) return;
    if (mine->process.is_inherited()) {
        mine->of_parent = mine;  // it stays as it is, with its thread
        return;
    }
    if (detail::handler_scope::is_inside(mine.get()) || detail::append_scope::is_inside()) {
        mine->abandon();
        return;
    }
    mine->end_waits();
    std::jthread ending;  // joined when the mutex is free again
    const std::lock_guard lock(mine->mutex);
    ending = std::move(mine->thread);
}

void process_runner::add(detail::process_definition definition, command_bus_base& bus, process_options options) {
    const auto mine = state_.held();
    mine->expect_outside("add()");
    if (options.skip_deadlines_older_than.count() < 0)
        throw error(error_kind::invalid_argument,
                    "process_options::skip_deadlines_older_than is negative; 0 sets no deadline in the past");
    const std::lock_guard lock(mine->mutex);
    mine->expect_addable(definition, bus);
    mine->workers.push_back(
        std::make_unique<detail::process_worker>(mine->store, bus, std::move(definition), options, mine->options));
}

stele::position process_runner::catch_up() {
    const auto mine = state_.held();
    mine->expect_outside("catch_up()");
    for (auto* const worker : mine->list()) worker->progress().clear_failure();
    std::vector<std::exception_ptr> failures;
    state::deadline_rounds deadlines;
    for (bool again = true; again;) {
        auto done = mine->run_once(deadlines, {}, false);
        again = done.any && !done.busy;
        std::ranges::move(done.failures, std::back_inserter(failures));
    }
    detail::throw_any(failures, "processes");
    return mine->store.head();
}

void process_runner::start() {
    detail::expect_outside_appends();  // it may wait for a thread that waits for the append
    const auto mine = state_.held();
    std::jthread ending;  // joined when the mutex is free again; one event at a time is handled, whatever the thread
    const std::lock_guard lock(mine->mutex);
    const auto clear_failures = [&] {
        for (const auto& worker : mine->workers) worker->progress().clear_failure();
    };
    if (mine->is_abandoned) return;
    const bool runs = mine->runs();
    const bool any_failed =
        std::ranges::any_of(mine->workers, [](const auto& worker) { return worker->progress().failure() != nullptr; });
    if (runs && !any_failed) return;
    if (detail::handler_scope::is_inside(mine.get())) {
        if (!runs) mine->expect_outside("start()");
        return clear_failures();  // the thread looks at them within a second
    }
    // It begins when start() is over: list() waits for the mutex.
    auto started =
        detail::start_thread("a process_runner", [mine](const std::stop_token& stop) { mine->follow(stop); });
    ending = std::move(mine->thread);  // it may be waiting, or have ended with the failure
    ending.request_stop();
    clear_failures();
    mine->thread = std::move(started);
}

void process_runner::stop() {
    if (!state_) return;
    const auto mine = state_.held();
    std::jthread ending;  // joined when the mutex is free again
    const std::lock_guard lock(mine->mutex);
    if (detail::handler_scope::is_inside(mine.get()) || detail::append_scope::is_inside())
        mine->thread.request_stop();
    else
        ending = std::move(mine->thread);
}

std::vector<process_status> process_runner::status() const {
    const auto mine = state_.held();
    const bool started = mine->is_started();
    std::vector<process_status> all;
    for (const auto& worker : mine->list()) all.push_back(mine->status_of(*worker, started));
    return all;
}

std::vector<dead_letter> process_runner::dead_letters(std::string_view name, stele::position after,
                                                      std::size_t limit) const {
    const auto mine = state_.held();
    auto letters = mine->get(name).dead_letters();
    const auto first = std::ranges::upper_bound(letters, after, {}, &dead_letter::position);
    letters.erase(letters.begin(), first);
    if (limit == 0) return {};
    if (letters.size() > limit) {
        // All of a position, or the next page, which begins after it, would miss some.
        const auto last = letters.begin() + static_cast<std::ptrdiff_t>(limit) - 1;
        letters.erase(
            std::find_if(last, letters.end(), [&](const auto& each) { return each.position != last->position; }),
            letters.end());
    }
    return letters;
}

dead_letter_replay process_runner::replay_dead_letters(std::string_view name) {
    const auto mine = state_.held();
    mine->expect_outside("replay_dead_letters()");
    auto& worker = mine->get(name);
    const detail::handler_scope here(mine.get());
    return worker.replay_dead_letters();
}

bool process_runner::discard_dead_letter(std::string_view name, stele::position position, std::string_view instance) {
    const auto mine = state_.held();
    mine->expect_outside("discard_dead_letter()");
    return mine->get(name).discard_dead_letter(position, instance);
}

position process_runner::position(std::string_view name) const {
    const auto mine = state_.held();
    return mine->get(name).progress().position();
}

std::expected<position, process_wait_failure> process_runner::wait_for(
    std::string_view name, stele::position reached, detail::saturated<std::chrono::milliseconds> timeout) const {
    const auto mine = state_.held();
    mine->expect_outside("wait_for()");
    auto& worker = mine->get(name);
    if (const auto position = worker.progress().wait_for(reached, timeout)) return *position;
    return std::unexpected(process_wait_failure{reached, mine->status_of(worker, mine->is_started())});
}

std::exception_ptr process_runner::failure(std::string_view name) const {
    const auto mine = state_.held();
    return mine->get(name).progress().failure();
}

}  // namespace stele::inline v0
