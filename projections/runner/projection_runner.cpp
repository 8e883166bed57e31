#include "projections/effects/effect_worker.hpp"
#include "projections/generations/projection_worker.hpp"
#include "projections/memory/memory_worker.hpp"
#include "projections/runner/background.hpp"
#include "projections/runner/projection_lag.hpp"
#include "projections/runner/runner_directory.hpp"

#include <stele/eventstore/detail/failures.hpp>
#include <stele/eventstore/detail/handler_scope.hpp>
#include <stele/eventstore/detail/process_mark.hpp>
#include <stele/eventstore/detail/saturating_time.hpp>
#include <stele/eventstore/sqlite/detail/file_lock.hpp>
#include <stele/projections/projection_runner.hpp>

#include <fmt/format.h>

#include <algorithm>
#include <mutex>
#include <optional>
#include <thread>
#include <utility>
#include <vector>

namespace stele::inline v0 {
struct projection_runner::state {
    state(event_store& from, const std::filesystem::path& where, projection_runner_options with)
        : store(from),
          directory(detail::make_runner_directory(where)),
          options(std::move(with)),
          lock(directory / "runner.lock") {
        if (options.batch_events == 0)
            throw error{error_kind::invalid_argument, "projection_runner_options: batch_events must be 1 or more"};
        if (options.threads == 0 || options.attempts == 0)
            throw error{error_kind::invalid_argument,
                        "projection_runner_options: threads and attempts must be 1 or more"};
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
    if (state_.get()->process.is_inherited()) static_cast<void>(state_.take().release());  // it is the parent's
    if (!state_ || !detail::handler_scope::is_inside(state_.get())) return;
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
    return state_.get();
}

detail::locked_state projection_runner::read(std::string_view name, const std::type_info& type) const {
    return state_->in_memory(name).read(type);
}

void projection_runner::take_snapshot(std::string_view name) {
    state_->expect_outside("take_snapshot()");
    const detail::handler_scope here{state_.get()};
    state_->in_memory(name).take_snapshot();
}

position projection_runner::catch_up() {
    state_->expect_outside("catch_up()");
    const detail::handler_scope here{state_.get()};
    const auto target = state_->store.head();
    std::vector<std::exception_ptr> failures;
    for (auto* const worker : state_->all) {
        try {
            worker->catch_up(target);
        } catch (...) {
            failures.push_back(std::current_exception());
        }
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
    const detail::handler_scope here{state_.get()};
    state_->at(name).generations().discard();
}

void projection_runner::start() {
    std::unique_lock lock(state_->running_mutex, std::defer_lock);
    // A handler must not wait for a stop() that waits for it.
    if (!detail::handler_scope::is_inside(state_.get()))
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
    auto* const mine = state_.get();
    if (mine == nullptr || mine->process.is_inherited()) return;
    if (detail::handler_scope::is_inside(state_.get())) return state_->request_stop();
    const std::lock_guard lock(state_->running_mutex);
    state_->end();
}

std::expected<position, wait_failure> projection_runner::wait_for(std::string_view name, position reached,
                                                                  std::chrono::milliseconds timeout) const {
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
    // On a connection of its own, so that it does not wait for the projection.
    const auto db = detail::open_read_model(state_->at(name).serving_file(), state_->options.connection);
    return detail::list_dead_letters(*db, after, limit);
}

dead_letter_replay projection_runner::replay_dead_letters(std::string_view name) {
    state_->expect_outside("replay_dead_letters()");
    const detail::handler_scope here{state_.get()};
    return state_->at(name).replay_dead_letters();
}

std::vector<projection_status> projection_runner::status() const {
    std::vector<projection_status> all;
    for (auto* const worker : state_->all) all.push_back(state_->status_of(*worker));
    return all;
}

}  // namespace stele::inline v0
