#include "projections/runner/runner_core.hpp"

#include <stele/eventstore/detail/append_scope.hpp>
#include <stele/eventstore/detail/failures.hpp>
#include <stele/eventstore/detail/handler_scope.hpp>

namespace stele::inline v0::detail {

void runner_core::expect_outside(std::string_view call) const {
    expect_outside_handlers(owner(), call, "this runner");
}

std::vector<any_projection*> runner_core::list() const {
    const std::lock_guard guard(list_mutex);
    return all;
}

position runner_core::catch_up(std::string_view who) {
    expect_outside("catch_up()");
    const handler_scope here{owner()};
    const auto target = store.head();
    std::vector<std::exception_ptr> failures;
    for (auto* const worker : list()) {
        std::exception_ptr failure;
        try {
            worker->catch_up(target);
        } catch (...) {
            failure = std::current_exception();
            failures.push_back(failure);
        }
        show_outcome(*worker, failure);
    }
    throw_any(failures, who);
    return target;
}

// Shows how catch_up() went, without a failure if it succeeded. What runs in the background shows its state itself.
void runner_core::show_outcome(any_projection& worker, const std::exception_ptr& failure) {
    const std::lock_guard guard(running_mutex);
    auto& board = worker.board();
    if (failure && running_) return board.show_error(failure);
    if (failure) return board.show_faulted(failure, board.attempts() + 1, kind_of(failure) != error_kind::other_store);
    if (!board.is_faulted()) return;
    board.show_success();
    if (running_)
        running_->resume(worker);
    else
        board.show(projection_state::stopped);
}

void runner_core::start() {
    expect_outside_appends();  // it may wait for a thread that waits for the append
    std::unique_lock lock(running_mutex, std::defer_lock);
    // A handler must not wait for a stop() that waits for it.
    if (!handler_scope::is_inside(owner()))
        lock.lock();
    else if (!lock.try_lock())
        expect_outside("start()");
    if (running_ && running_->is_stopping()) {
        expect_outside("start()");
        end();
    }
    if (running_)
        running_->resume_faulted();
    else
        begin();
}

void runner_core::stop() noexcept {
    if (handler_scope::is_inside(owner()) || append_scope::is_inside()) return request_stop();
    const std::lock_guard lock(running_mutex);
    end();
}

void runner_core::resume(const any_projection& worker) {
    const std::lock_guard guard(running_mutex);
    if (running_) running_->resume(worker);
}

// Under running_mutex.
void runner_core::begin() {
    // From the first moment: a handler may destroy the runner before start() has returned.
    const std::lock_guard guard(stoppable_mutex_);
    if (is_abandoned_) return;
    running_.emplace(store, list(), how(), owner());
    stoppable_ = &*running_;
}

// Under running_mutex.
void runner_core::end() noexcept {
    {
        const std::lock_guard guard(stoppable_mutex_);
        if (is_abandoned_) return;  // it ends by itself
        stoppable_ = nullptr;
    }
    running_.reset();
}

void runner_core::release(const std::shared_ptr<runner_core>& mine) noexcept {
    if (mine->process.is_inherited()) {
        mine->of_parent_ = mine;  // it stays as it is
        return;
    }
    if (handler_scope::is_inside(mine->owner()) || append_scope::is_inside()) return mine->abandon(mine);
    mine->end_waits();
    const std::lock_guard lock(mine->running_mutex);
    mine->end();
}

void runner_core::abandon(const std::shared_ptr<runner_core>& mine) noexcept {
    end_waits();
    const std::lock_guard guard(stoppable_mutex_);
    is_abandoned_ = true;
    if (stoppable_ != nullptr) stoppable_->adopt(mine);
}

void runner_core::end_waits() noexcept {
    const std::lock_guard guard(list_mutex);
    for (auto* const each : all) each->board().end_waits();
}

// For a handler: without running_mutex, which somebody may hold who waits for the handler.
void runner_core::request_stop() noexcept {
    const std::lock_guard guard(stoppable_mutex_);
    if (stoppable_ != nullptr) stoppable_->request_stop();
}

}  // namespace stele::inline v0::detail
