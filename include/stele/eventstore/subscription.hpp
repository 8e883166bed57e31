#pragma once

#include <stele/eventstore/event_store.hpp>

#include <chrono>
#include <exception>
#include <functional>
#include <memory>
#include <stop_token>

namespace stele::inline v0 {

struct subscription_options {
    /// Begins with the event after this one; the default begins with the first. Give what position() said last time.
    position after{};
    event_filter filter = {};
};

/// Hands the events of a store to a handler, in order and each once: first those that are there, then each new one as
/// it is committed. There is no seam between the two: positions are given in commit order without gaps, so "everything
/// after n" can never turn out to have left something out.
///
/// The handler runs on a thread of the subscription, one event at a time; the event is good for that call. It is woken
/// right after a commit of this process, and within the store's poll interval after one of another process. A command
/// that it sends carries the event as its cause (see causation.hpp).
/// A handler that throws ends the subscription: wait() throws that error on, and position() tells how far it came.
/// So does a fault of the store. Nothing is remembered across processes: keep position() where your results are kept.
///
/// The store must outlive the subscription. The owner's calls may come from any thread.
class subscription {
public:
    using handler = std::function<void(const recorded_event&)>;

    subscription(subscription&&) noexcept;
    subscription& operator=(subscription&&) noexcept;
    /// Stops and waits for the handler to return.
    ~subscription();

    /// Everything up to here has been handled, or does not pass the filter: also where few events pass, this moves on
    /// with the store's head.
    [[nodiscard]] stele::position position() const;

    /// Waits until position() is at least `reached`, or `timeout` is over, or the subscription has ended; returns
    /// whether it is. Not from the handler.
    [[nodiscard]] bool wait_for(stele::position reached, std::chrono::milliseconds timeout) const;

    /// Asks the subscription to end after the event at hand. Also from the handler.
    void stop() noexcept;

    /// Waits until the subscription has ended, and throws the error that ended it, if one did. Not from the handler.
    void wait();

    /// The error that ended it; nothing while it runs, or when it was stopped.
    [[nodiscard]] std::exception_ptr failure() const;

private:
    friend subscription subscribe(event_store& store, subscription_options options, handler handle,
                                  std::stop_token stop);
    struct state;
    explicit subscription(std::unique_ptr<state> started);

    std::unique_ptr<state> state_;
};

/// Starts a subscription. It ends when `stop` is requested, when the object says so, or with an error.
///
///     auto subscription = stele::subscribe(store, {.filter = {.categories = {"account"}}},
///                                          [](const stele::recorded_event& event) { … });
[[nodiscard]] subscription subscribe(event_store& store, subscription_options options, subscription::handler handle,
                                     std::stop_token stop = {});

}  // namespace stele::inline v0
