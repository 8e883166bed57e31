#pragma once

#include <stele/eventstore/detail/pimpl.hpp>
#include <stele/eventstore/detail/saturating_time.hpp>
#include <stele/eventstore/event_store.hpp>
#include <stele/projections/subscriptions/durable_subscription.hpp>
#include <stele/projections/subscriptions/durable_subscription_status.hpp>

#include <chrono>
#include <concepts>
#include <cstddef>
#include <expected>
#include <memory>
#include <string_view>
#include <utility>
#include <vector>

namespace stele::inline v0 {

/// How a subscription runner works and retries.
struct subscription_runner_options {
    /// How many subscriptions are worked on at the same time in the background. At least 1; more where handlers wait
    /// for other systems.
    std::size_t threads = 2;
    /// How many times in a row a subscription may fail in the background before it is faulted, or gives up the event as
    /// its on_fault says. At least 1. catch_up() tries once.
    unsigned attempts = 5;
    /// The pause after the first failure, in any unit. It doubles with each further one, up to 64 times this value.
    detail::saturated<std::chrono::milliseconds> first_backoff = std::chrono::milliseconds{100};
};

/// How one subscription is run.
struct durable_subscription_options {
    /// Where a subscription begins that the store does not know yet: with the event after this position. The default
    /// begins with the first event; store.head() with the next one. One that the store knows continues where it was.
    position after{};
    /// Which of its events it gets, besides its own lists: of exactly these streams, for example. The default is all.
    /// May be different the next time: it is not stored, and applies to the events that come.
    event_query filter = {};
    /// The position is stored after at most this many events that were handled: as many, at most, are repeated after a
    /// crash. At least 1. It is stored after a second of work as well, when no event is left, and before a stop.
    std::size_t checkpoint_every = 100;
};

/// Runs durable subscriptions (durable_subscription.hpp): hands them the events of a store and keeps in the store how
/// far each has come. Guide: docs/subscriptions.md.
///
///     stele::subscription_runner runner{store};
///     runner.add(welcome_mails{gateway}, {.after = store.head()});
///     runner.start();                             // or, on the caller's thread: runner.catch_up();
///
/// All state is in the store: a document of the kind "subscription" for each, dead letters of the kind
/// "subscription_dead_letter", and which runner has it, of the kind "subscription_claim".
///
/// **One runner at a time has a subscription: the one that began last.** start() and catch_up() claim the subscriptions
/// of their runner, also replay_dead_letters(), discard_dead_letter(), reset() and remove(). The runner that had one of
/// them before, in this process or another, is faulted there (closed) before it handles another batch, and cannot store
/// anything any more; start() and catch_up() claim it back. So a process that was killed is replaced at once, and two
/// by mistake are noticed. An event that the former one was handling is handled by the next one, too.
///
/// Threads: any thread may call anything; calls that concern the same subscription wait for each other. add() comes
/// before start(). Inside its own handlers the functions that would wait for them throw invalid_argument, and stop()
/// asks and does not wait. A handler may destroy its runner, or assign to it: the background then stops after the
/// batches in progress, calls that are under way continue to their end, and only wait_for() returns at once. The store
/// must live until then.
class subscription_runner {
public:
    /// The store must outlive the runner. Throws stele::error (invalid_argument) if an option is out of range.
    explicit subscription_runner(event_store& store, subscription_runner_options options = {});
    subscription_runner(subscription_runner&&) noexcept;
    subscription_runner& operator=(subscription_runner&&) noexcept;
    /// As stop().
    ~subscription_runner();

    /// Registers a subscription, and stores where it begins if the store does not know it. The runner owns the object.
    ///
    /// Throws stele::error: invalid_argument (the runner is started; one of this name was added before; an option is
    /// out of range, no event can pass the filter, or the limits of the store are too low for what it keeps), read_only
    /// (the store cannot keep its position), other_store (it is to begin beyond the head), undecodable or corrupt (what
    /// the store has under its name cannot be read).
    template <class S>
    void add(S subscription, durable_subscription_options options = {}) {
        add_definition(detail::define_subscription(std::make_shared<S>(std::move(subscription))), std::move(options));
    }
    /// The same for a subscription that is constructed without arguments.
    template <class S>
    void add(durable_subscription_options options = {}) {
        static_assert(std::default_initializable<S>,
                      "add<S>() constructs the subscription without arguments, which this one does not allow: pass an "
                      "object, `add(S{…})`");
        if constexpr (std::default_initializable<S>)
            add_definition(detail::define_subscription(std::make_shared<S>()), std::move(options));
    }

    /// Hands every subscription the events up to the head of the store as it is when the call begins, on the caller's
    /// thread, and returns that position.
    /// Throws stele::error after every subscription was tried. Each message names the subscription, and for a failed
    /// event its position, stream and type. Kinds: handler_failed (a handler threw), or the kind of the stele::error
    /// that it threw; undecodable; closed (another runner has claimed the subscription meanwhile); other_store (its
    /// position is beyond the head); busy, full, io, corrupt.
    position catch_up();

    /// Does the same on threads of its own as events come, until stop() or the end of the runner. Starts what is not
    /// running: everything after stop(), and subscriptions that are faulted. No effect on those that run. Throws what
    /// the store throws when it is asked for its head.
    void start();

    /// Returns when the events in progress are handled and the positions stored: after at most a second, and the
    /// handler that runs. No effect if nothing was started. Inside a handler it only asks for that.
    void stop() noexcept;

    /// Waits at most `timeout` until every event up to `reached` (inclusive) was handled by S and its position is
    /// stored, and returns that position.
    /// Returns a durable_subscription_wait_failure when the time is over, and at once when the subscription is faulted,
    /// the event at `reached` is a dead letter, or a handler destroys the runner. The timeout is in any unit; 0 or
    /// less: it does not wait. Throws invalid_argument if S was not added.
    template <class S>
    [[nodiscard]] std::expected<position, durable_subscription_wait_failure> wait_for(
        position reached, detail::saturated<std::chrono::milliseconds> timeout) const {
        return wait_for(S::name, reached, timeout);
    }
    /// The same for the subscription of this name.
    [[nodiscard]] std::expected<position, durable_subscription_wait_failure> wait_for(
        std::string_view name, position reached, detail::saturated<std::chrono::milliseconds> timeout) const;

    /// The status of each subscription, in the order in which they were added.
    [[nodiscard]] std::vector<durable_subscription_status> status() const;

    /// The dead letters of S after a position, in order, at most `limit`. Throws what the store throws.
    template <class S>
    [[nodiscard]] std::vector<dead_letter> dead_letters(position after = {}, std::size_t limit = 1000) const {
        return dead_letters(S::name, after, limit);
    }
    /// The same for the subscription of this name.
    [[nodiscard]] std::vector<dead_letter> dead_letters(std::string_view name, position after = {},
                                                        std::size_t limit = 1000) const;

    /// Hands the dead letters of S to its handler in order, on the caller's thread; each that it takes is stored as
    /// handled before the next. One that fails again stays, and so do those that are queued behind it; one whose event
    /// was removed from the store is dropped, and counts as ignored. Throws as catch_up(), unless the event is the
    /// cause.
    template <class S>
    dead_letter_replay replay_dead_letters() {
        return replay_dead_letters(S::name);
    }
    /// The same for the subscription of this name.
    dead_letter_replay replay_dead_letters(std::string_view name);

    /// Drops the dead letter of S at this position for good: its event counts as skipped. What is queued behind it is
    /// handled by the next replay_dead_letters(). Returns whether there was one. Throws as catch_up().
    template <class S>
    bool discard_dead_letter(position where) {
        return discard_dead_letter(S::name, where);
    }
    /// The same for the subscription of this name.
    bool discard_dead_letter(std::string_view name, position where);

    /// Moves S to a position, back or forth: it gets the events after it next, those that it has handled before again.
    /// Its counters start at zero again. Dead letters after the position are dropped, because their events will be
    /// delivered again. Waits for the batch in progress; a background continues from there. Throws as catch_up(), and
    /// other_store if the position is beyond the head.
    template <class S>
    void reset(position after) {
        reset(S::name, after);
    }
    /// The same for the subscription of this name.
    void reset(std::string_view name, position after);

    /// Forgets a subscription that is not needed any more: its position and its dead letters. Added again, it starts
    /// from scratch. Returns whether the store knew it. Throws invalid_argument if it was added to this runner, or no
    /// subscription can have the name; closed if another runner claims it meanwhile; and what the store throws.
    bool remove(std::string_view name);

private:
    void add_definition(const detail::subscription_definition& definition, durable_subscription_options options);

    struct state;
    detail::pimpl<std::shared_ptr<state>> state_;  // each call holds it, too
};

}  // namespace stele::inline v0
