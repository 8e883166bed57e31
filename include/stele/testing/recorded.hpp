#pragma once

#include <stele/eventstore/event.hpp>
#include <stele/eventstore/metadata.hpp>

#include <string>
#include <utility>

/// Events of a scenario (given_process.hpp, given_projection.hpp) as a store would hand them out.
namespace stele::inline v0 {

/// What a store knows about an event beside the fact.
struct recorded_as {
    /// The stream of the event.
    std::string stream = "given-1";
    /// When it was recorded, in any unit. In the scenario of a process not before the event before it, and not before
    /// the time that has passed.
    detail::saturated<timestamp> at{};
    /// What is stored beside the event.
    stele::metadata metadata = {};
};

/// An event, and how it was recorded.
template <class Event>
struct recorded_message {
    /// The message.
    Event event;
    /// Where, when and with what it is recorded.
    recorded_as as;
};

/// Says how the event of a scenario was recorded, where that matters:
///
///     stele::recorded(deposited(5), {.stream = "account-42"})
template <class Event>
[[nodiscard]] recorded_message<Event> recorded(Event event, recorded_as as) {
    return {std::move(event), std::move(as)};
}

}  // namespace stele::inline v0
