#pragma once

#include <stele/eventstore/detail/pimpl.hpp>
#include <stele/eventstore/detail/saturating_time.hpp>
#include <stele/eventstore/event_store.hpp>

#include <chrono>
#include <exception>
#include <expected>
#include <functional>
#include <memory>
#include <stop_token>
#include <string>

namespace stele::inline v0 {

/// Which events a subscription delivers.
struct subscription_options {
    /// Exclusive: starts with the event after this one; the default starts with the first. To resume, pass the
    /// position() you saved.
    position after{};
    /// Which events to deliver; the default is all.
    event_query filter = {};
};

/// Why subscription::wait_for() did not reach its position.
struct subscription_wait_failure {
    /// The position that was waited for.
    position wanted;
    /// How far the subscription had come.
    position reached;
    /// The subscription was stopped or failed, so waiting longer would not help.
    bool ended = false;
    /// The error that ended it; empty if it was stopped or is still running.
    std::exception_ptr failure = {};

    /// One sentence for people.
    [[nodiscard]] std::string message() const;
};

/// Passes the events of a store to a handler, in order and each once: first the stored ones, then each new one as it is
/// committed. Nothing is lost between the two, because positions are assigned in commit order without gaps.
///
/// The handler runs on a thread of the subscription, one event at a time; the event is valid during that call. The
/// thread wakes at once after a commit of this process, and within the store's poll interval after one of another
/// process. Commands that the handler sends carry the event as their cause (see causation.hpp).
/// An exception of the handler ends the subscription: wait() throws it, and position() says how far it came. A fault of
/// the store ends it too. The subscription stores nothing: save position() together with your results. After a crash
/// between the two an event is delivered again (at-least-once).
///
/// The store must outlive the subscription and must not be moved meanwhile. The owner's calls may come from any thread.
/// Every call but stop() throws stele::error (closed) on a subscription that was moved from.
class subscription {
public:
    /// Gets one event at a time, on the thread of the subscription.
    using handler = std::function<void(const recorded_event&)>;

    subscription(subscription&&) noexcept;
    subscription& operator=(subscription&&) noexcept;
    /// Stops, and waits for the handler to return. Inside the handler it does not wait; a wait() or wait_for() of
    /// another thread then returns when the handler has.
    ~subscription();

    /// Every event up to here (inclusive) was handled or did not pass the filter. It follows the store's head even if
    /// few events pass.
    [[nodiscard]] stele::position position() const;

    /// Waits until position() is at least `wanted` and returns it. Fails when `timeout` expires or the subscription
    /// ends first. The timeout is in any unit; 0 or less: it does not wait. Throws stele::error (invalid_argument)
    /// inside its handler.
    [[nodiscard]] std::expected<stele::position, subscription_wait_failure> wait_for(
        stele::position wanted, detail::saturated<std::chrono::milliseconds> timeout) const;

    /// Asks the subscription to end after the current event. The handler may call it.
    void stop() noexcept;

    /// Waits until the subscription has ended, and rethrows the error that ended it, if any. Throws
    /// stele::error (invalid_argument) inside its handler.
    void wait();

    /// The error that ended it; empty while it runs or if it was stopped.
    [[nodiscard]] std::exception_ptr failure() const;

private:
    friend subscription subscribe(event_store& store, subscription_options options, handler handle,
                                  std::stop_token stop);
    struct state;
    explicit subscription(std::shared_ptr<state> started);

    detail::pimpl<std::shared_ptr<state>> state_;  // the thread holds it, too
};

/// Starts a subscription. It ends when `stop` is requested, when stop() is called or the object is destroyed, or with
/// an error, see failure(). If `options.after` is beyond the store's head, it has ended with other_store from the
/// beginning: the position is of another store, or this one was restored from a backup. Throws stele::error:
/// invalid_argument for a filter that read_all() refuses, or an empty handler; and what reading the head throws.
///
///     auto subscription = stele::subscribe(store, {.filter = {.categories = {"account"}}},
///                                          [](const stele::recorded_event& event) { … });
[[nodiscard]] subscription subscribe(event_store& store, subscription_options options, subscription::handler handle,
                                     std::stop_token stop = {});

}  // namespace stele::inline v0
