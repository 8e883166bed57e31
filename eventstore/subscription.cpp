#include "eventstore/engine/argument_checks.hpp"

#include <stele/eventstore/causation.hpp>
#include <stele/eventstore/detail/append_scope.hpp>
#include <stele/eventstore/detail/failures.hpp>
#include <stele/eventstore/detail/handler_scope.hpp>
#include <stele/eventstore/detail/process_mark.hpp>
#include <stele/eventstore/detail/saturating_time.hpp>
#include <stele/eventstore/detail/start_thread.hpp>
#include <stele/eventstore/detail/stop_scope.hpp>
#include <stele/eventstore/format.hpp>
#include <stele/eventstore/subscription.hpp>

#include <algorithm>
#include <condition_variable>
#include <mutex>
#include <thread>
#include <utility>

namespace stele::inline v0 {
namespace {

// Each commit and each stop ends the wait; this only bounds it.
constexpr std::chrono::hours idle_wait{1};

}  // namespace

struct subscription::state : std::enable_shared_from_this<subscription::state> {
    detail::process_mark process;
    event_store& store;
    event_query filter;
    handler handle;

    mutable std::mutex mutex;
    mutable std::condition_variable changed;
    stele::position reached;
    bool has_begun = true;
    bool ended = false;
    std::exception_ptr failure;

    std::stop_source stop;
    std::stop_callback<std::function<void()>> outer_stop;
    std::thread worker;
    std::shared_ptr<state> of_parent;  // itself, in a child of fork(), which must not destroy it

    state(event_store& s, subscription_options options, handler h, std::stop_token outer)
        : store(s),
          filter(std::move(options.filter)),
          handle(std::move(h)),
          reached(options.after),
          outer_stop(std::move(outer), [this] { stop.request_stop(); }) {}

    // The thread keeps the state alive, so that a handler may destroy the subscription.
    void start() {
        worker = detail::start_thread<std::thread>("a subscription", [self = shared_from_this()] { self->run(); });
    }

    // For one that was not started.
    void end_before_begin(std::exception_ptr why) {
        failure = std::move(why);
        has_begun = false;
        ended = true;
    }

    void end() {
        stop.request_stop();
        if (!worker.joinable()) return;
        // A thread cannot wait for itself, nor for one that may wait for what this one commits.
        if (detail::handler_scope::is_inside(this) || detail::append_scope::is_inside())
            worker.detach();
        else
            worker.join();
    }

    void run() {
        std::exception_ptr error;
        try {
            follow(stop.get_token());
        } catch (const detail::stopped&) {
            // as if it had ended between two events
        } catch (...) {
            error = std::current_exception();
        }
        const std::lock_guard lock(mutex);
        failure = std::move(error);
        ended = true;
        changed.notify_all();
    }

    void follow(const std::stop_token& token) {
        const detail::stop_scope ends_reads(token);
        auto last = reached;
        while (!token.stop_requested()) {
            const auto head = store.wait_for_append(last, idle_wait, token);
            for (const auto& batch : store.read_all({.after = last, .up_to = head, .filter = filter})) {
                for (const auto& event : batch) {
                    if (token.stop_requested()) return;
                    {
                        const detail::handler_scope here(this);
                        const causation_scope scope(event);
                        const detail::stop_scope lets_it_read({});
                        handle(event);
                    }
                    last = event.position;
                    advance(last);
                }
            }
            last = std::max(last, head);
            advance(last);
        }
    }

    void advance(stele::position to) {
        const std::lock_guard lock(mutex);
        reached = to;
        changed.notify_all();
    }
};

std::string subscription_wait_failure::message() const {
    auto text = fmt::format("the subscription is at position {}, waiting for {}", reached, wanted);
    if (failure)
        text += "; it has failed: " + detail::message_of(failure);
    else if (ended)
        text += "; it was stopped";
    return text;
}

namespace {

// Why a subscription cannot begin after that position; null if it can.
std::exception_ptr refusal_of(event_store& store, stele::position after) {
    const auto head = store.head();
    if (after <= head) return nullptr;
    return std::make_exception_ptr(
        error(error_kind::other_store,
              fmt::format("a subscription after position {}: the store ends at {}; it is another store, or was "
                          "restored from a backup; open the right store, or begin at a position that it has",
                          after.value, head.value)));
}

}  // namespace

subscription::subscription(std::shared_ptr<state> started) : state_("this subscription", std::move(started)) {}
subscription::subscription(subscription&&) noexcept = default;
subscription& subscription::operator=(subscription&& other) noexcept {
    if (this != &other) {
        const subscription ended{std::move(*this)};
        state_ = std::move(other.state_);
    }
    return *this;
}
subscription::~subscription() {
    if (!state_) return;
    if (auto mine = state_.take(); mine->process.is_inherited())
        mine->of_parent.swap(mine);  // with its thread; it keeps itself
    else
        mine->end();
}

position subscription::position() const {
    const auto mine = state_.held();
    const std::lock_guard lock(mine->mutex);
    return mine->reached;
}

std::expected<position, subscription_wait_failure> subscription::wait_for(
    stele::position wanted, detail::saturated<std::chrono::milliseconds> timeout) const {
    const auto mine = state_.held();  // the handler may destroy the subscription meanwhile
    detail::expect_outside_handlers(mine.get(), "wait_for()", "this subscription");
    std::unique_lock lock(mine->mutex);
    mine->changed.wait_until(lock, detail::end_of_wait(timeout),
                             [&] { return mine->reached >= wanted || mine->ended; });
    if (mine->has_begun && mine->reached >= wanted) return mine->reached;
    return std::unexpected(subscription_wait_failure{wanted, mine->reached, mine->ended, mine->failure});
}

void subscription::stop() noexcept {
    if (auto* const mine = state_.unchecked(); mine != nullptr && !mine->process.is_inherited())
        mine->stop.request_stop();
}

void subscription::wait() {
    const auto mine = state_.held();  // the handler may destroy the subscription meanwhile
    detail::expect_outside_handlers(mine.get(), "wait()", "this subscription");
    std::unique_lock lock(mine->mutex);
    mine->changed.wait(lock, [&] { return mine->ended; });
    if (mine->failure) std::rethrow_exception(mine->failure);
}

std::exception_ptr subscription::failure() const {
    const auto mine = state_.held();
    const std::lock_guard lock(mine->mutex);
    return mine->failure;
}

subscription subscribe(event_store& store, subscription_options options, subscription::handler handle,
                       std::stop_token stop) {
    if (!handle)
        throw error(error_kind::invalid_argument,
                    "subscribe: the handler is empty; give it a function that takes a "
                    "stele::recorded_event");
    detail::check_query(options.filter);
    auto refusal = refusal_of(store, options.after);
    auto started = std::make_shared<subscription::state>(store, std::move(options), std::move(handle), std::move(stop));
    if (refusal)
        started->end_before_begin(std::move(refusal));
    else
        started->start();
    return subscription(std::move(started));
}

}  // namespace stele::inline v0
