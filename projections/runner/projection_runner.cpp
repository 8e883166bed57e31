#include "projections/effects/effect_worker.hpp"
#include "projections/generations/projection_worker.hpp"
#include "projections/memory/memory_worker.hpp"
#include "projections/runner/background.hpp"
#include "projections/runner/projection_lag.hpp"

#include <stele/eventstore/detail/failures.hpp>
#include <stele/eventstore/detail/saturating_time.hpp>
#include <stele/eventstore/sqlite/detail/file_lock.hpp>
#include <stele/projections/projection_runner.hpp>

#include <fmt/format.h>

#include <algorithm>
#include <mutex>
#include <optional>
#include <system_error>
#include <utility>
#include <vector>

namespace stele::inline v0 {
namespace {

std::filesystem::path made(const std::filesystem::path& directory) {
    std::error_code failure;
    std::filesystem::create_directories(directory, failure);
    if (failure)
        throw error{error_kind::io, fmt::format("{}: cannot create the directory for read models: {}",
                                                directory.string(), failure.message())};
    return directory;
}

}  // namespace

struct projection_runner::state {
    state(event_store& from, std::filesystem::path where, projection_runner_options with)
        : store(from), directory(std::move(where)), options(std::move(with)), lock(made(directory) / "runner.lock") {
        if (options.batch_events == 0)
            throw error{error_kind::invalid_argument, "projection_runner_options: batch_events must be 1 or more"};
        if (options.threads == 0 || options.attempts == 0)
            throw error{error_kind::invalid_argument,
                        "projection_runner_options: threads and attempts must be 1 or more"};
        try {
            lock.lock(std::chrono::milliseconds{0});
        } catch (const error& failure) {
            if (failure.kind() != error_kind::busy) throw;
            throw error{error_kind::busy,
                        fmt::format("{}: another projection_runner, in this process or another, keeps the read models "
                                    "in this directory up to date; use that one, or stop it first",
                                    directory.string())};
        }
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

    std::mutex running_mutex;
    std::optional<detail::background> running;  // last, so that it ends before the rest is destroyed
};

projection_runner::projection_runner(event_store& store, std::filesystem::path directory,
                                     projection_runner_options options)
    : state_(std::make_unique<state>(store, std::move(directory), std::move(options))) {}
projection_runner::projection_runner(projection_runner&&) noexcept = default;
projection_runner& projection_runner::operator=(projection_runner&&) noexcept = default;
projection_runner::~projection_runner() = default;

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

detail::locked_state projection_runner::read(std::string_view name, const std::type_info& type) const {
    return state_->in_memory(name).read(type);
}

void projection_runner::take_snapshot(std::string_view name) {
    state_->in_memory(name).take_snapshot();
}

position projection_runner::catch_up() {
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
    auto& worker = state_->at(name);
    const auto result = worker.generations().rebuild(options);
    if (result == rebuild_result::serving) state_->resume(worker);
    return result;
}

diff_summary projection_runner::diff(std::string_view name, const difference_visitor& each) {
    return state_->at(name).generations().diff(each);
}

void projection_runner::swap_in(std::string_view name) {
    auto& worker = state_->at(name);
    worker.generations().swap_in();
    state_->resume(worker);
}

void projection_runner::rollback(std::string_view name) {
    auto& worker = state_->at(name);
    worker.generations().rollback();
    state_->resume(worker);
}

void projection_runner::discard(std::string_view name) {
    state_->at(name).generations().discard();
}

void projection_runner::start() {
    const std::lock_guard lock(state_->running_mutex);
    if (state_->running)
        state_->running->resume_faulted();
    else
        state_->running.emplace(state_->store, state_->all, state_->options);
}

void projection_runner::stop() noexcept {
    const std::lock_guard lock(state_->running_mutex);
    state_->running.reset();
}

std::expected<position, wait_failure> projection_runner::wait_for(std::string_view name, position reached,
                                                                  std::chrono::milliseconds timeout) const {
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
    return state_->at(name).replay_dead_letters();
}

std::vector<projection_status> projection_runner::status() const {
    std::vector<projection_status> all;
    for (auto* const worker : state_->all) all.push_back(state_->status_of(*worker));
    return all;
}

}  // namespace stele::inline v0
