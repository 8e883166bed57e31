#pragma once

#include "projections/effects/effect_worker.hpp"
#include "projections/generations/projection_worker.hpp"
#include "projections/memory/memory_worker.hpp"
#include "projections/runner/background.hpp"
#include "projections/runner/projection_lag.hpp"
#include "projections/runner/runner_directory.hpp"

#include <stele/eventstore/detail/failures.hpp>
#include <stele/eventstore/detail/handler_scope.hpp>
#include <stele/eventstore/detail/process_mark.hpp>
#include <stele/eventstore/sqlite/detail/file_lock.hpp>
#include <stele/projections/projection_runner.hpp>

#include <fmt/format.h>

#include <algorithm>
#include <exception>
#include <filesystem>
#include <memory>
#include <mutex>
#include <optional>
#include <string_view>
#include <utility>
#include <vector>

namespace stele::inline v0 {

/// What a runner consists of. The projections are added before anything else is called.
struct projection_runner::state {
    state(event_store& from, const std::filesystem::path& where, projection_runner_options with)
        : store(from),
          directory(detail::make_runner_directory(where, with.connection.file_mode)),
          options(std::move(with)),
          lock(directory / "runner.lock", options.connection.file_mode) {
        if (options.batch_events == 0)
            throw error{error_kind::invalid_argument, "projection_runner_options: batch_events must be 1 or more"};
        if (options.threads == 0 || options.attempts == 0)
            throw error{error_kind::invalid_argument,
                        "projection_runner_options: threads and attempts must be 1 or more"};
        if (options.first_backoff.count() < 0)
            throw error{error_kind::invalid_argument, "projection_runner_options: first_backoff must not be negative"};
        if (!options.boot_id)
            throw error{error_kind::invalid_argument,
                        "projection_runner_options::boot_id is an empty function; leave it as it is"};
        detail::lock_runner_directory(lock, directory);
    }

    // The owner of handlers that other generations than the serving one call, on a thread of the caller: the background
    // goes on meanwhile, so they may wait for it.
    [[nodiscard]] const void* of_generations() const noexcept { return &directory; }

    // For the functions that wait for handlers to end, or for what handlers hold.
    void expect_outside(std::string_view call) const {
        for (const void* const owner : {static_cast<const void*>(this), of_generations()})
            detail::expect_outside_handlers(owner, call, "this runner");
    }

    template <class Projections>
    auto& find(const Projections& among, std::string_view name, std::string_view hint) const {
        for (const auto& each : among)
            if (each->name() == name) return *each;
        const bool is_another = std::ranges::any_of(all, [&](const auto& each) { return each->name() == name; });
        throw error{
            error_kind::invalid_argument,
            fmt::format("{}: {}{}{}", directory.string(), is_another ? "projection " : "there is no projection ", name,
                        is_another ? hint : "; add it to this runner first")};
    }
    detail::any_projection& any(std::string_view name) const { return find(all, name, ""); }
    detail::projection_worker& at(std::string_view name) const { return find(workers, name, " is not kept in tables"); }
    detail::memory_worker& in_memory(std::string_view name) const {
        return find(memory_workers, name, " is not kept in memory");
    }

    void expect_addable(std::string_view name) {
        expect_outside("add()");
        const std::lock_guard guard(running_mutex);
        if (running)
            throw error{error_kind::invalid_argument,
                        fmt::format("{}: the projection {} was added to a runner that is started; add it before "
                                    "start(), or after stop()",
                                    directory.string(), name)};
        for (const auto& each : all)
            if (each->name() == name)
                throw error{
                    error_kind::invalid_argument,
                    fmt::format("{}: a projection with the name {} was added before", directory.string(), name)};
    }

    // What the board shows, and how far that is behind the store.
    projection_status status_of(detail::any_projection& worker) {
        auto status = worker.board().read();
        status.name = worker.name();
        detail::measure_lag(status, store);
        return status;
    }

    detail::process_mark process;
    event_store& store;
    std::filesystem::path directory;
    projection_runner_options options;
    detail::file_lock lock;
    std::vector<std::unique_ptr<detail::projection_worker>> workers;
    std::vector<std::unique_ptr<detail::memory_worker>> memory_workers;
    std::vector<std::unique_ptr<detail::effect_worker>> effects;
    std::vector<detail::any_projection*> all;  // of all kinds, as they were added

    // Lets the background continue with a projection that has another generation now.
    void resume(const detail::projection_worker& worker) {
        const std::lock_guard guard(running_mutex);
        if (running) running->resume(worker);
    }

    // Shows how catch_up() went, without a failure if it succeeded. A projection that runs in the background shows its
    // state itself.
    void show_outcome(detail::any_projection& worker, const std::exception_ptr& failure) {
        const std::lock_guard guard(running_mutex);
        auto& board = worker.board();
        if (failure && running) return board.show_error(failure);
        if (failure)
            return board.show_faulted(failure, board.attempts() + 1,
                                      detail::kind_of(failure) != error_kind::other_store);
        if (!board.is_faulted()) return;
        board.show_success();
        if (running)
            running->resume(worker);
        else
            board.show(projection_state::stopped);
    }

    // Under running_mutex.
    void begin() {
        // From the first moment: a handler may destroy the runner before start() has returned.
        const std::lock_guard guard(stoppable_mutex);
        running.emplace(store, all, options, this);
        stoppable = &*running;
    }
    void end() noexcept {
        {
            const std::lock_guard guard(stoppable_mutex);
            stoppable = nullptr;
        }
        running.reset();
    }
    static void destroy(state* ended) noexcept {
        {
            const std::lock_guard guard(ended->running_mutex);  // start() may still be about to return
        }
        delete ended;
    }
    // For a handler: without running_mutex, which somebody may hold who waits for the handler.
    void request_stop() noexcept {
        const std::lock_guard guard(stoppable_mutex);
        if (stoppable != nullptr) stoppable->request_stop();
    }

    detail::background* stoppable_background() noexcept {
        const std::lock_guard guard(stoppable_mutex);
        return stoppable;
    }

    std::mutex stoppable_mutex;
    detail::background* stoppable = nullptr;  // `running`, unless it is being ended
    std::mutex running_mutex;
    std::optional<detail::background> running;  // last, so that it ends before the rest is destroyed
};

}  // namespace stele::inline v0
