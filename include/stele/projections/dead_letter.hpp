#pragma once

#include <stele/eventstore/event.hpp>
#include <stele/eventstore/version.hpp>

#include <cstdint>
#include <string>

namespace stele::inline v0 {

/// What a projection, a process or a subscription does when its handler has failed at an event and has no attempts
/// left.
enum class on_fault : std::uint8_t {
    stop,         ///< Stops before the event. The default of a projection and of a subscription.
    dead_letter,  ///< Stores the event as a dead letter and continues with the next one.
    skip,         ///< Counts and reports the event, and continues with the next one. Only for subscriptions.
};

/// An event that a projection could not apply (a poisonous event), or one that is queued behind it. Processes and
/// subscriptions have them too: process_runner.hpp and durable_subscription.hpp. The projection opts in with
///
///     static constexpr auto on_fault = stele::on_fault::dead_letter;
///
/// Later events with the same key are queued behind the first, so that events of one key are always applied in order.
/// The key is the stream, unless the projection defines `std::string dead_letter_key(const stele::recorded_event&)`
/// (static or a member); where that throws, it is the stream. Before you change how the key is made, replay the dead
/// letters: those that wait keep the key that they have, so later events would no longer queue behind them. Dead
/// letters are rows of the read model, written in the transaction that moves the checkpoint past them: none is lost,
/// and none is stored twice. Once the handler is fixed, projection_runner::replay_dead_letters() applies them;
/// discard_dead_letter() drops one for good.
///
/// A dead letter holds no payload, but the name of the stream, the key and the text of the error. Nothing waits behind
/// one whose event was removed from the store: it cannot be applied any more, and the next replay drops it.
struct dead_letter {
    /// Where the event is in the store.
    stele::position position = {};
    /// The stream of the event.
    std::string stream = {};
    /// The type of the event.
    std::string type = {};
    /// Events of the same key wait behind it.
    std::string key = {};
    /// How many times it was tried; 0 if it is queued behind an earlier one.
    std::uint64_t attempts = 0;
    /// Why it failed the last time.
    std::string error = {};
    /// When it failed the last time, or when it was queued.
    timestamp failed_at = {};
};

/// The result of a replay of dead letters. The three add up to the dead letters there were.
struct dead_letter_replay {
    std::uint64_t applied = 0;  ///< Are in the read model now.
    std::uint64_t gone = 0;     ///< Were removed from the store in the meantime, so they are dropped.
    std::uint64_t left = 0;     ///< Failed again, or are queued behind one that did.
};

}  // namespace stele::inline v0
