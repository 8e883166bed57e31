#include "projections/runner/projection_lag.hpp"
#include "projections/runner/runner_core.hpp"
#include "projections/subscriptions/subscription_documents.hpp"
#include "projections/subscriptions/subscription_worker.hpp"

#include <stele/eventstore/detail/handler_scope.hpp>
#include <stele/eventstore/error.hpp>
#include <stele/projections/subscriptions/subscription_runner.hpp>

#include <fmt/format.h>

#include <limits>
#include <mutex>

namespace stele::inline v0 {
namespace {

[[noreturn]] void refuse(const std::string& why) {
    throw error{error_kind::invalid_argument, why};
}

subscription_runner_options checked(subscription_runner_options options) {
    if (options.threads == 0 || options.attempts == 0)
        refuse("subscription_runner_options: threads and attempts must be 1 or more");
    if (options.first_backoff.count() < 0) refuse("subscription_runner_options: first_backoff must not be negative");
    return options;
}

durable_subscription_state state_of(projection_state state) {
    switch (state) {
        case projection_state::stopped: return durable_subscription_state::stopped;
        case projection_state::faulted: return durable_subscription_state::faulted;
        case projection_state::live: return durable_subscription_state::live;
        case projection_state::catching_up:
        case projection_state::rebuilding: break;
    }
    return durable_subscription_state::catching_up;
}

}  // namespace

/// What a runner of subscriptions consists of, besides what every runner has.
struct subscription_runner::state final : detail::runner_core {
    state(event_store& from, const subscription_runner_options& with) : runner_core(from), options(checked(with)) {}
    state(const state&) = delete;
    state& operator=(const state&) = delete;
    ~state() override { finish(); }

    [[nodiscard]] detail::background_options how() const override {
        return {options.threads, options.attempts, options.first_backoff};
    }

    [[nodiscard]] detail::subscription_worker* find(std::string_view name) const {
        const std::lock_guard guard(list_mutex);
        for (const auto& each : workers)
            if (each->name() == name) return each.get();
        return nullptr;
    }
    [[nodiscard]] detail::subscription_worker& at(std::string_view name) const {
        auto* const found = find(name);
        if (found == nullptr)
            refuse(fmt::format("there is no subscription {} in this runner; add it to this runner first", name));
        return *found;
    }

    // Under running_mutex.
    void expect_addable(std::string_view name) const {
        if (is_running())
            refuse(
                fmt::format("the subscription {} was added to a runner that is started; add it before start(), or "
                            "after stop()",
                            name));
        if (find(name) != nullptr) refuse(fmt::format("a subscription with the name {} was added before", name));
    }

    void add(const detail::subscription_definition& definition, durable_subscription_options how_to) {
        expect_outside("add()");
        if (how_to.checkpoint_every == 0)
            refuse(
                fmt::format("durable_subscription_options of {}: checkpoint_every must be 1 or more", definition.name));
        const std::lock_guard guard(running_mutex);
        expect_addable(definition.name);
        auto worker =
            std::make_unique<detail::subscription_worker>(store, definition, std::move(how_to), options.attempts);
        const std::lock_guard list_guard(list_mutex);
        all.reserve(all.size() + 1);
        workers.reserve(workers.size() + 1);
        all.push_back(worker.get());
        workers.push_back(std::move(worker));
    }

    [[nodiscard]] std::vector<detail::subscription_worker*> list_workers() const {
        const std::lock_guard guard(list_mutex);
        std::vector<detail::subscription_worker*> found;
        for (const auto& each : workers) found.push_back(each.get());
        return found;
    }

    // What does not run claims its subscription when it does.
    void renew_stopped() const {
        for (auto* const each : list_workers())
            if (const auto now = each->board().read().state;
                now == projection_state::stopped || now == projection_state::faulted)
                each->renew();
    }

    durable_subscription_status status_of(detail::subscription_worker& worker) {
        std::uint64_t skipped = 0;
        auto shown = worker.board().read(skipped);
        detail::measure_lag(shown, store);
        return {.name = std::string{worker.name()},
                .state = state_of(shown.state),
                .position = shown.checkpoint,
                .head = shown.head,
                .lag_events = shown.lag_events,
                .lag_time = shown.lag_time,
                .events_per_s = shown.events_per_s,
                .attempts = shown.attempts,
                .last_error = std::move(shown.last_error),
                .seen = shown.seen,
                .applied = shown.applied,
                .ignored = shown.ignored,
                .skipped = skipped,
                .dead_lettered = shown.dead_lettered};
    }

    subscription_runner_options options;
    std::vector<std::unique_ptr<detail::subscription_worker>> workers;  // each is in `all`
};

subscription_runner::subscription_runner(event_store& store, subscription_runner_options options)
    : state_("this subscription_runner", std::make_shared<state>(store, options)) {}
subscription_runner::subscription_runner(subscription_runner&&) noexcept = default;
subscription_runner& subscription_runner::operator=(subscription_runner&& other) noexcept {
    if (this != &other) {
        const subscription_runner ended{std::move(*this)};
        state_ = std::move(other.state_);
    }
    return *this;
}
subscription_runner::~subscription_runner() {
    if (const auto mine = state_.take()) detail::runner_core::release(mine);
}

void subscription_runner::add_definition(const detail::subscription_definition& definition,
                                         durable_subscription_options options) {
    state_.held()->add(definition, std::move(options));
}

position subscription_runner::catch_up() {
    return state_.held()->catch_up("subscriptions");
}

void subscription_runner::start() {
    const auto mine = state_.held();
    mine->renew_stopped();
    mine->start();
}

void subscription_runner::stop() noexcept {
    if (!state_ || state_.unchecked()->process.is_inherited()) return;
    state_.held()->stop();
}

std::expected<position, durable_subscription_wait_failure> subscription_runner::wait_for(
    std::string_view name, position reached, detail::saturated<std::chrono::milliseconds> timeout) const {
    const auto mine = state_.held();
    mine->expect_outside("wait_for()");
    auto& worker = mine->at(name);
    if (!worker.board().wait(reached, detail::end_of_wait(timeout)))
        return std::unexpected(durable_subscription_wait_failure{reached, mine->status_of(worker), {}});
    const auto status = worker.board().read();
    if (status.dead_lettered == 0 || reached.value == 0) return status.checkpoint;
    auto found = worker.dead_letters({reached.value - 1}, 1);
    if (found.empty() || found.front().position != reached) return status.checkpoint;
    return std::unexpected(
        durable_subscription_wait_failure{reached, mine->status_of(worker), std::move(found.front())});
}

std::vector<durable_subscription_status> subscription_runner::status() const {
    const auto mine = state_.held();
    std::vector<durable_subscription_status> all;
    for (auto* const worker : mine->list_workers()) all.push_back(mine->status_of(*worker));
    return all;
}

std::vector<dead_letter> subscription_runner::dead_letters(std::string_view name, position after,
                                                           std::size_t limit) const {
    return state_.held()->at(name).dead_letters(after, limit);
}

dead_letter_replay subscription_runner::replay_dead_letters(std::string_view name) {
    const auto mine = state_.held();
    mine->expect_outside("replay_dead_letters()");
    const detail::handler_scope here{mine->owner()};
    return mine->at(name).replay_dead_letters();
}

bool subscription_runner::discard_dead_letter(std::string_view name, position where) {
    const auto mine = state_.held();
    mine->expect_outside("discard_dead_letter()");
    return mine->at(name).discard_dead_letter(where);
}

void subscription_runner::reset(std::string_view name, position after) {
    const auto mine = state_.held();
    mine->expect_outside("reset()");
    auto& worker = mine->at(name);
    worker.reset(after);
    mine->resume(worker);
}

bool subscription_runner::remove(std::string_view name) {
    const auto mine = state_.held();
    mine->expect_outside("remove()");
    if (!detail::is_projection_name(name))
        refuse(
            fmt::format("no subscription can have the name \"{}\"; it has 1 to 64 letters, digits, '_' and '-'", name));
    if (mine->find(name) != nullptr)
        refuse(fmt::format(
            "the subscription {} was added to this runner; remove it with a runner that does not have it", name));
    return detail::remove_subscription(mine->store, name);
}

}  // namespace stele::inline v0
