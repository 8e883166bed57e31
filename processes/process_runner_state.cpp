#include "processes/process_runner_state.hpp"

#include <stele/commands/command_bus.hpp>
#include <stele/eventstore/error.hpp>

#include <fmt/format.h>

#include <algorithm>

namespace stele::inline v0 {

void process_runner::state::abandon() noexcept {
    {
        const std::lock_guard lock(mutex);
        is_abandoned = true;
        if (thread.joinable()) {
            thread.request_stop();
            thread.detach();  // it holds the state
        }
    }
    end_waits();
}

void process_runner::state::end_waits() noexcept {
    const std::lock_guard lock(mutex);
    for (const auto& worker : workers) worker->progress().end_waits();
}

std::vector<detail::process_worker*> process_runner::state::list() const {
    const std::lock_guard lock(mutex);
    std::vector<detail::process_worker*> all;
    all.reserve(workers.size());
    for (const auto& worker : workers) all.push_back(worker.get());
    return all;
}

detail::process_worker& process_runner::state::get(std::string_view name) const {
    for (auto* const worker : list())
        if (worker->name() == name) return *worker;
    throw error(error_kind::invalid_argument, fmt::format("No process with the name {} was added.", name));
}

void process_runner::state::expect_addable(const detail::process_definition& definition,
                                           const command_bus_base& bus) const {
    if (runs())
        throw error(error_kind::invalid_argument,
                    fmt::format("The process {} cannot be added while the runner is started: add it before start().",
                                definition.name));
    if (std::ranges::any_of(workers, [&](const auto& worker) { return worker->name() == definition.name; }))
        throw error(error_kind::invalid_argument,
                    fmt::format("A process with the name {} was added before.", definition.name));
    for (const auto& command : definition.commands)
        if (!bus.decides(*command.prototype->GetDescriptor()))
            throw error(error_kind::invalid_argument,
                        fmt::format("No aggregate of the bus decides the command {} of the process {}.", command.type(),
                                    definition.name));
}

process_status process_runner::state::status_of(detail::process_worker& worker, bool started) const {
    const auto& progress = worker.progress();
    process_status status{.name = std::string{worker.name()},
                          .position = progress.position(),
                          .head = store.head(),
                          .attempts = progress.failures(),
                          .last_error = progress.last_error(),
                          .dead_letters = worker.dead_letters().size(),
                          .handled = progress.counted().handled,
                          .passed_over = progress.counted().passed_over,
                          .next_deadline = worker.next_due()};
    status.lag_events = status.head.value - std::min(status.position, status.head).value;
    status.state = progress.failure()       ? process_state::faulted
                   : !started               ? process_state::stopped
                   : progress.not_before()  ? process_state::retrying
                   : status.lag_events == 0 ? process_state::live
                                            : process_state::catching_up;
    return status;
}

}  // namespace stele::inline v0
