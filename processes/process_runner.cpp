#include "processes/process_worker.hpp"

#include <stele/eventstore/detail/failures.hpp>
#include <stele/processes/process_runner.hpp>

#include <fmt/format.h>

#include <algorithm>
#include <thread>
#include <vector>

namespace stele::inline v0 {
namespace {

/// The clock may be set while nobody looks at it, and a deadline may be set by another program.
constexpr std::chrono::milliseconds longest_wait{1000};
/// Before something is tried again that was busy.
constexpr std::chrono::milliseconds busy_wait{100};

}  // namespace

struct process_runner::state {
    state(event_store& from, process_runner_options with) : store(from), options(std::move(with)) {}

    event_store& store;
    process_runner_options options;
    std::vector<std::unique_ptr<detail::process_worker>> workers;
    std::mutex mutex;  // guards the thread
    std::jthread thread;

    [[nodiscard]] detail::process_worker* find(std::string_view name) const {
        const auto found = std::ranges::find(workers, name, [](const auto& worker) { return worker->name(); });
        return found == workers.end() ? nullptr : found->get();
    }

    [[nodiscard]] detail::process_worker& get(std::string_view name) const {
        if (auto* const worker = find(name)) return *worker;
        throw error(error_kind::invalid_argument, fmt::format("No process with the name {} was added.", name));
    }

    void forgive() const {
        for (const auto& worker : workers) worker->set_failure({});
    }

    struct round {
        bool any = false;   ///< There was something to do.
        bool busy = false;  ///< Something was busy, and is to be tried again.
        std::vector<std::exception_ptr> failures;
    };

    // Lets every process that has not failed run once.
    [[nodiscard]] round run_once(const std::stop_token& stop) const {
        round result;
        for (const auto& worker : workers) {
            if (worker->failure() || stop.stop_requested()) continue;
            try {
                result.any = worker->run(stop) || result.any;
            } catch (...) {
                result.failures.push_back(std::current_exception());
                if (detail::kind_of(result.failures.back()) == error_kind::busy)
                    result.busy = true;
                else
                    worker->set_failure(result.failures.back());
            }
        }
        return result;
    }

    void follow(const std::stop_token& stop) const {
        try {
            while (!stop.stop_requested()) {
                const auto seen = store.head();
                const auto done = run_once(stop);
                if (!done.any) (void)store.wait_for_append(seen, done.busy ? busy_wait : until_next_deadline(), stop);
            }
        } catch (...) {
            for (const auto& worker : workers)
                if (!worker->failure()) worker->set_failure(std::current_exception());
        }
    }

    [[nodiscard]] std::chrono::milliseconds until_next_deadline() const {
        auto wait = longest_wait;
        for (const auto& worker : workers) {
            if (worker->failure()) continue;
            if (const auto due = worker->next_due())
                wait = std::min(wait, std::chrono::ceil<std::chrono::milliseconds>(*due - options.now()));
        }
        return std::max(wait, std::chrono::milliseconds{0});
    }
};

process_runner::process_runner(event_store& store, process_runner_options options)
    : state_(std::make_unique<state>(store, std::move(options))) {}
process_runner::process_runner(process_runner&&) noexcept = default;
process_runner& process_runner::operator=(process_runner&&) noexcept = default;
process_runner::~process_runner() = default;

void process_runner::add(detail::process_definition definition, process_options options) {
    const std::lock_guard lock(state_->mutex);
    if (state_->thread.joinable())
        throw error(
            error_kind::invalid_argument,
            fmt::format("The process {} was added to a runner that is started: add it before.", definition.name));
    if (state_->find(definition.name) != nullptr)
        throw error(error_kind::invalid_argument,
                    fmt::format("A process with the name {} was added already.", definition.name));
    state_->workers.push_back(
        std::make_unique<detail::process_worker>(state_->store, std::move(definition), options, state_->options));
}

stele::position process_runner::catch_up() {
    state_->forgive();
    std::vector<std::exception_ptr> failures;
    for (bool again = true; again;) {
        auto done = state_->run_once({});
        again = done.any && !done.busy;
        std::ranges::move(done.failures, std::back_inserter(failures));
    }
    detail::throw_any(failures, "processes");
    return state_->store.head();
}

void process_runner::start() {
    const std::lock_guard lock(state_->mutex);
    if (state_->thread.joinable()) return;
    state_->forgive();
    state_->thread = std::jthread([&state = *state_](const std::stop_token& stop) { state.follow(stop); });
}

void process_runner::stop() {
    const std::lock_guard lock(state_->mutex);
    state_->thread = {};
}

position process_runner::position(std::string_view name) const {
    return state_->get(name).position();
}

bool process_runner::wait_for(std::string_view name, stele::position reached, std::chrono::milliseconds timeout) const {
    return state_->get(name).wait_for(reached, timeout);
}

std::exception_ptr process_runner::failure(std::string_view name) const {
    return state_->get(name).failure();
}

}  // namespace stele::inline v0
