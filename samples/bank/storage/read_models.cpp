#include "bank/storage/read_models.hpp"

#include <stele/projections/memory/fold.hpp>

#include <fmt/format.h>

#include <chrono>
#include <filesystem>
#include <thread>
#include <utility>

namespace bank {

using namespace std::chrono_literals;

stele::projection_runner open_runner(stele::event_store& events, const bank_directory& directory,
                                     stele::projection_runner_options options) {
    try {
        return {events, directory.read_models(), std::move(options)};
    } catch (const stele::error& failure) {
        if (failure.kind() != stele::error_kind::busy) throw;
        throw refusal(
            fmt::format("another bank program is updating the read models in {}: wait until it ends, or stop it "
                        "(\"bank status --follow\" ends with Ctrl-C)",
                        directory.read_models().string()));
    }
}

stele::read_model open_read_model(stele::event_store& events, const bank_directory& directory, std::string_view name) {
    const auto file = directory.read_models() / fmt::format("{}.db", name);
    const auto head = events.head();
    for (const auto until = std::chrono::steady_clock::now() + 3s;;) {
        if (std::filesystem::exists(file)) {
            auto model = stele::read_model::open_read_only(file);
            if (model.checkpoint() >= head) return model;
        }
        try {
            auto runner = open_runner(events, directory, {.rebuild_changed = true});
            add_projections(runner);
            runner.catch_up();
        } catch (const refusal&) {
            if (std::chrono::steady_clock::now() >= until) throw;
            std::this_thread::sleep_for(10ms);
        }
    }
}

std::vector<std::pair<std::string, money>> ask_largest_accounts(stele::event_store& events,
                                                                const bank_directory& directory, std::size_t count) {
    try {
        stele::projection_runner runner{events, directory.read_models()};
        runner.add<largest_accounts>();
        runner.catch_up();
        return runner.query<largest_accounts>([&](const largest_accounts& all) { return all.top(count); });
    } catch (const stele::error& failure) {
        if (failure.kind() != stele::error_kind::busy) throw;
        return stele::fold<largest_accounts>(events).top(count);
    }
}

}  // namespace bank
