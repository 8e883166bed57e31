#pragma once

#include "processes/process_worker.hpp"

#include <stele/eventstore/detail/handler_scope.hpp>
#include <stele/eventstore/detail/process_mark.hpp>
#include <stele/eventstore/event_store.hpp>
#include <stele/processes/process_runner.hpp>

#include <chrono>
#include <exception>
#include <map>
#include <memory>
#include <mutex>
#include <stop_token>
#include <string_view>
#include <thread>
#include <utility>
#include <vector>

namespace stele::inline v0 {

/// What a runner consists of. The runner, each call that is under way, and the thread hold it. Any thread may call
/// anything, except where it says otherwise.
struct process_runner::state {
    state(event_store& from, process_runner_options with) : store(from), options(std::move(with)) {}

    detail::process_mark process;
    std::shared_ptr<state> of_parent;  // itself, in a child of fork(), which must not destroy it
    event_store& store;
    process_runner_options options;
    mutable std::mutex mutex;  // guards what follows; never held while the thread is waited for
    std::vector<std::unique_ptr<detail::process_worker>> workers;
    std::jthread thread;
    bool is_abandoned = false;

    // The runner was destroyed by a handler, whose thread cannot wait for itself: the thread ends by itself.
    void abandon() noexcept;
    void end_waits() noexcept;

    // Those that there are now; each stays until the end.
    [[nodiscard]] std::vector<detail::process_worker*> list() const;
    [[nodiscard]] detail::process_worker& get(std::string_view name) const;

    // Under the mutex.
    void expect_addable(const detail::process_definition& definition, const command_bus_base& bus) const;
    [[nodiscard]] bool runs() const { return thread.joinable() && !thread.get_stop_token().stop_requested(); }
    [[nodiscard]] bool is_started() const {
        const std::lock_guard lock(mutex);
        return runs();
    }

    // For the functions that wait for handlers to end.
    void expect_outside(std::string_view call) const { detail::expect_outside_handlers(this, call, "this runner"); }

    class outcome_wait;

    struct round {
        bool any = false;   ///< There was something to do.
        bool busy = false;  ///< Something was busy and will be retried.
        std::vector<std::exception_ptr> failures;
    };

    using deadline_rounds = std::map<const detail::process_worker*, detail::deadline_round>;

    // Lets every process run once that is not faulted and does not pause. With `retries` it pauses after a failure.
    [[nodiscard]] round run_once(deadline_rounds& deadlines, const std::stop_token& stop, bool retries) const;
    // What the thread does until it is stopped.
    void follow(const std::stop_token& stop) const noexcept;
    /// Lets each process store how far it has come.
    void settle() const;
    [[nodiscard]] std::chrono::milliseconds until_next() const;

    [[nodiscard]] process_status status_of(detail::process_worker& worker, bool started) const;
};

}  // namespace stele::inline v0
