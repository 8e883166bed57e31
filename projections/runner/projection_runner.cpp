#include "projections/runner/runner_state.hpp"

#include <stele/eventstore/detail/append_scope.hpp>
#include <stele/eventstore/detail/failures.hpp>
#include <stele/eventstore/detail/handler_scope.hpp>
#include <stele/eventstore/detail/saturating_time.hpp>

#include <mutex>
#include <thread>
#include <utility>
#include <vector>

namespace stele::inline v0 {

projection_runner::projection_runner(event_store& store, const std::filesystem::path& directory,
                                     projection_runner_options options)
    : state_("this projection_runner", std::make_unique<state>(store, directory, std::move(options))) {}
projection_runner::projection_runner(projection_runner&&) noexcept = default;
projection_runner& projection_runner::operator=(projection_runner&& other) noexcept {
    if (this != &other) {
        const projection_runner ended{std::move(*this)};
        state_ = std::move(other.state_);
    }
    return *this;
}
projection_runner::~projection_runner() {
    if (!state_) return;
    if (state_.unchecked()->process.is_inherited()) [[maybe_unused]]
        const auto* const of_parent = state_.take().release();  // it stays as it is
    if (!state_ || !detail::handler_scope::is_inside(state_.unchecked())) return;
    // Destroyed by one of its own handlers, whose thread cannot wait for itself.
    auto* const ended = state_.take().release();
    if (auto* const running = ended->stoppable_background()) {
        running->adopt(ended, [](void* s) { state::destroy(static_cast<state*>(s)); });
        return;
    }
    // The handler runs in a call of the owner, who should not have destroyed it. Better kept than destroyed under it.
    try {
        std::thread([ended] { delete ended; }).detach();
    } catch (...) {
        return;
    }
}

void projection_runner::add_definition(const detail::projection_definition& definition) {
    state_->expect_addable(definition.name);
    state_->workers.push_back(
        std::make_unique<detail::projection_worker>(state_->store, state_->directory, definition, state_->options));
    state_->all.push_back(state_->workers.back().get());
}

void projection_runner::add_definition(const detail::memory_projection_definition& definition) {
    state_->expect_addable(definition.name);
    state_->memory_workers.push_back(
        std::make_unique<detail::memory_worker>(state_->store, state_->directory, definition, state_->options));
    state_->all.push_back(state_->memory_workers.back().get());
}

void projection_runner::add_definition(const detail::effect_definition& definition) {
    state_->effects.push_back(
        std::make_unique<detail::effect_worker>(state_->store, state_->any(definition.projection), definition));
    state_->all.push_back(state_->effects.back().get());
}

const void* projection_runner::handlers() const noexcept {
    return state_.unchecked();
}

detail::locked_state projection_runner::read(std::string_view name, const std::type_info& type) const {
    return state_->in_memory(name).read(type);
}

void projection_runner::take_snapshot(std::string_view name) {
    state_->expect_outside("take_snapshot()");
    const detail::handler_scope here{state_.unchecked()};
    state_->in_memory(name).take_snapshot();
}

position projection_runner::catch_up() {
    state_->expect_outside("catch_up()");
    const detail::handler_scope here{state_.unchecked()};
    const auto target = state_->store.head();
    std::vector<std::exception_ptr> failures;
    for (auto* const worker : state_->all) {
        std::exception_ptr failure;
        try {
            worker->catch_up(target);
        } catch (...) {
            failure = std::current_exception();
            failures.push_back(failure);
        }
        state_->show_outcome(*worker, failure);
    }
    detail::throw_any(failures, "projections");
    return target;
}

rebuild_result projection_runner::rebuild(std::string_view name, const rebuild_options& options) {
    state_->expect_outside("rebuild()");
    const detail::handler_scope here{state_->of_generations()};
    auto& worker = state_->at(name);
    const auto result = worker.generations().rebuild(options);
    if (result == rebuild_result::serving) state_->resume(worker);
    return result;
}

diff_summary projection_runner::diff(std::string_view name, const difference_visitor& each) {
    state_->expect_outside("diff()");
    const detail::handler_scope here{state_->of_generations()};
    return state_->at(name).generations().diff(each);
}

void projection_runner::swap_in(std::string_view name) {
    state_->expect_outside("swap_in()");
    const detail::handler_scope here{state_->of_generations()};
    auto& worker = state_->at(name);
    worker.generations().swap_in();
    state_->resume(worker);
}

void projection_runner::rollback(std::string_view name) {
    state_->expect_outside("rollback()");
    const detail::handler_scope here{state_->of_generations()};
    auto& worker = state_->at(name);
    worker.generations().rollback();
    state_->resume(worker);
}

void projection_runner::discard(std::string_view name) {
    state_->expect_outside("discard()");
    const detail::handler_scope here{state_.unchecked()};
    state_->at(name).generations().discard();
}

void projection_runner::start() {
    std::unique_lock lock(state_->running_mutex, std::defer_lock);
    // A handler must not wait for a stop() that waits for it.
    if (!detail::handler_scope::is_inside(state_.unchecked()))
        lock.lock();
    else if (!lock.try_lock())
        state_->expect_outside("start()");
    if (state_->running && state_->running->is_stopping()) {
        state_->expect_outside("start()");
        state_->end();
    }
    if (state_->running)
        state_->running->resume_faulted();
    else
        state_->begin();
}

void projection_runner::stop() noexcept {
    auto* const mine = state_.unchecked();
    if (mine == nullptr || mine->process.is_inherited()) return;
    if (detail::handler_scope::is_inside(state_.unchecked()) || detail::append_scope::is_inside())
        return state_->request_stop();
    const std::lock_guard lock(state_->running_mutex);
    state_->end();
}

std::expected<position, wait_failure> projection_runner::wait_for(
    std::string_view name, position reached, detail::saturated<std::chrono::milliseconds> timeout) const {
    detail::expect_outside_handlers(&*state_, "wait_for()", "this runner");
    auto& worker = state_->any(name);
    if (!worker.board().wait(reached, detail::end_of_wait(timeout)))
        return std::unexpected(wait_failure{reached, state_->status_of(worker), {}});
    const auto status = worker.board().read();
    if (status.dead_lettered == 0 || reached.value == 0) return status.checkpoint;
    auto found = dead_letters(name, {reached.value - 1}, 1);
    if (found.empty() || found.front().position != reached) return status.checkpoint;
    return std::unexpected(wait_failure{reached, state_->status_of(worker), std::move(found.front())});
}

std::vector<dead_letter> projection_runner::dead_letters(std::string_view name, position after,
                                                         std::size_t limit) const {
    return state_->at(name).dead_letters(after, limit);
}

dead_letter_replay projection_runner::replay_dead_letters(std::string_view name) {
    state_->expect_outside("replay_dead_letters()");
    const detail::handler_scope here{state_.unchecked()};
    return state_->at(name).replay_dead_letters();
}

bool projection_runner::discard_dead_letter(std::string_view name, position where) {
    state_->expect_outside("discard_dead_letter()");
    const detail::handler_scope here{state_.unchecked()};
    return state_->at(name).discard_dead_letter(where);
}

std::vector<projection_status> projection_runner::status() const {
    std::vector<projection_status> all;
    for (auto* const worker : state_->all) all.push_back(state_->status_of(*worker));
    return all;
}

}  // namespace stele::inline v0
