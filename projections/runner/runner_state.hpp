#pragma once

#include "projections/effects/effect_worker.hpp"
#include "projections/generations/projection_worker.hpp"
#include "projections/memory/memory_worker.hpp"
#include "projections/runner/projection_lag.hpp"
#include "projections/runner/runner_core.hpp"
#include "projections/runner/runner_directory.hpp"

#include <stele/eventstore/detail/handler_scope.hpp>
#include <stele/eventstore/sqlite/detail/file_header.hpp>
#include <stele/projections/projection_runner.hpp>

#include <fmt/format.h>

#include <algorithm>
#include <filesystem>
#include <memory>
#include <mutex>
#include <string_view>
#include <utility>
#include <vector>

namespace stele::inline v0 {

/// What a runner of projections consists of, besides what every runner has.
struct projection_runner::state final : detail::runner_core {
    state(event_store& from, const std::filesystem::path& where, projection_runner_options with)
        : runner_core(from), options(checked(where, std::move(with))), directory(where, options.connection.file_mode) {}

    state(const state&) = delete;
    state& operator=(const state&) = delete;
    ~state() override { finish(); }

    // Before anything is made.
    static projection_runner_options checked(const std::filesystem::path& where, projection_runner_options options) {
        const auto refuse = [](std::string_view why) {
            throw error{error_kind::invalid_argument, fmt::format("projection_runner_options: {}", why)};
        };
        if (options.batch_events == 0) refuse("batch_events must be 1 or more");
        if (options.threads == 0 || options.attempts == 0) refuse("threads and attempts must be 1 or more");
        if (options.first_backoff.count() < 0) refuse("first_backoff must not be negative");
        if (!options.boot_id) refuse("boot_id is an empty function; leave it as it is");
        detail::expect_vfs(where, options.connection);
        return options;
    }

    // The owner of handlers that other generations than the serving one call, on a thread of the caller: the background
    // goes on meanwhile, so they may wait for it.
    [[nodiscard]] const void* of_generations() const noexcept { return &directory; }

    void expect_outside(std::string_view call) const override {
        runner_core::expect_outside(call);
        detail::expect_outside_handlers(of_generations(), call, "this runner");
    }
    [[nodiscard]] detail::background_options how() const override {
        return {options.threads, options.attempts, options.first_backoff};
    }

    template <class Projections>
    auto& find(const Projections& among, std::string_view name, std::string_view hint) const {
        const std::lock_guard guard(list_mutex);
        for (const auto& each : among)
            if (each->name() == name) return *each;
        const bool is_another = std::ranges::any_of(all, [&](const auto& each) { return each->name() == name; });
        throw error{
            error_kind::invalid_argument,
            fmt::format("{}: {}{}{}", directory.path().string(), is_another ? "projection " : "there is no projection ",
                        name, is_another ? hint : "; add it to this runner first")};
    }
    detail::any_projection& any(std::string_view name) const { return find(all, name, ""); }
    detail::projection_worker& at(std::string_view name) const { return find(workers, name, " is not kept in tables"); }
    detail::memory_worker& in_memory(std::string_view name) const {
        return find(memory_workers, name, " is not kept in memory");
    }

    // Under running_mutex.
    void expect_stopped(std::string_view name) const {
        if (is_running())
            throw error{error_kind::invalid_argument,
                        fmt::format("{}: the projection {} was added to a runner that is started; add it before "
                                    "start(), or after stop()",
                                    directory.path().string(), name)};
    }
    void expect_new(std::string_view name) const {
        const std::lock_guard guard(list_mutex);
        for (const auto& each : all)
            if (each->name() == name)
                throw error{
                    error_kind::invalid_argument,
                    fmt::format("{}: a projection with the name {} was added before", directory.path().string(), name)};
    }

    // Makes a worker for the projection, and one for its effects if it has some, while other calls are under way.
    template <class Worker, class Definition>
    void add(std::vector<std::unique_ptr<Worker>>& among, const Definition& definition,
             const detail::effect_definition* with_effects) {
        expect_outside("add()");
        const std::lock_guard one_at_a_time(add_mutex);
        {
            const std::lock_guard guard(running_mutex);
            expect_stopped(definition.name);
        }
        expect_new(definition.name);
        if (with_effects != nullptr) detail::effect_worker::expect_saving(store, *with_effects);
        const detail::handler_scope here{owner()};  // of create()
        auto worker = std::make_unique<Worker>(store, directory, definition, options);
        auto effect = with_effects != nullptr
                          ? std::make_unique<detail::effect_worker>(store, directory, *worker, *with_effects)
                          : nullptr;
        const std::lock_guard guard(running_mutex);
        expect_stopped(definition.name);  // create() may have started it
        const std::lock_guard list_guard(list_mutex);
        all.reserve(all.size() + 2);
        among.reserve(among.size() + 1);
        effects.reserve(effects.size() + 1);
        all.push_back(worker.get());
        among.push_back(std::move(worker));
        if (!effect) return;
        all.push_back(effect.get());
        effects.push_back(std::move(effect));
    }

    // What the board shows, and how far that is behind the store.
    projection_status status_of(detail::any_projection& worker) {
        auto status = worker.board().read();
        status.name = worker.name();
        detail::measure_lag(status, store);
        return status;
    }

    projection_runner_options options;
    detail::runner_directory directory;
    std::mutex add_mutex;  // held by the one add() that is under way
    std::vector<std::unique_ptr<detail::projection_worker>> workers;
    std::vector<std::unique_ptr<detail::memory_worker>> memory_workers;
    std::vector<std::unique_ptr<detail::effect_worker>> effects;
};

}  // namespace stele::inline v0
