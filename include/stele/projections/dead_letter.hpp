#pragma once

#include <stele/eventstore/event.hpp>
#include <stele/eventstore/version.hpp>

#include <cstdint>
#include <string>

namespace stele::inline v0 {

/// What becomes of a projection when its handler has failed at an event as often as it may.
enum class on_fault : std::uint8_t {
    stop,         ///< It stands still before the event. The default.
    dead_letter,  ///< The event is put aside as a dead letter, and it goes on.
};

/// An event that a projection could not take, or that waits behind such a one. Its projection declares
///
///     static constexpr auto on_fault = stele::on_fault::dead_letter;
///
/// Later events with the same key wait behind the first, so that what is applied in the end is applied in order. The
/// key is the stream, or what the projection says: `static std::string dead_letter_key(const stele::recorded_event&)`.
/// Dead letters stand in the read model itself, in the transaction that moves the checkpoint past them, so none is lost
/// or put aside twice. projection_runner::replay_dead_letters() applies them once the handler has been put right.
struct dead_letter {
    stele::position position = {};
    std::string stream = {};
    std::string type = {};
    std::string key = {};
    /// How often it was tried; 0 if it waits behind an earlier one.
    std::uint64_t attempts = 0;
    /// Why it failed the last time.
    std::string error = {};
    /// When that was, or when it was put behind another one.
    timestamp failed_at = {};
};

/// What a replay of dead letters came to.
struct dead_letter_replay {
    std::uint64_t applied = 0;  ///< Are in the read model now.
    std::uint64_t gone = 0;     ///< Were removed from the store meanwhile, and so from the dead letters.
    std::uint64_t left = 0;     ///< Failed again, or wait behind one that did.
};

}  // namespace stele::inline v0
