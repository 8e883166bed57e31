#pragma once

#include <stele/aggregates/aggregate.hpp>
#include <stele/aggregates/detail/aggregate_rules.hpp>
#include <stele/eventstore/event.hpp>
#include <stele/eventstore/stream.hpp>
#include <stele/eventstore/version.hpp>

#include <cstdint>
#include <optional>

/// States of aggregates, folded from their events.
namespace stele::inline v0 {

class event_store;

/// Which events go into a state: those inside all bounds.
struct load_window {
    /// Inclusive. The default is the end of the stream.
    version up_to = (version::max)();
    /// Loads the state as it was when the store's head was here. With event_store::position_at(): as of a time.
    position as_of = (position::max)();
    /// Only events whose occurred_at() is this time or earlier, in any unit: the state as of a business time. They are
    /// folded in the order of their versions, and no snapshot is used. With `as_of`: what was known then about the
    /// state at this time.
    detail::saturated<timestamp> occurred_up_to = (timestamp::max)();

    friend constexpr bool operator==(load_window, load_window) = default;
};

/// A state and the last event in it: its version and position, both 0 if there was none.
template <class Aggregate>
struct loaded : stream_position {
    /// What the events fold to.
    Aggregate state{};
    /// The version of the last snapshot of the stream that is known to be good; 0 if none is (see snapshot.hpp).
    stele::version snapshot{};
    /// Events up to this version had been removed when the state was folded, and no snapshot held them: the state lacks
    /// them. 0: it lacks none. (In a stream that was deleted and begun again, these are the events from before.)
    stele::version removed{};
    /// The stream that it was loaded from; nothing for a state that was not loaded.
    std::optional<stream_id> stream = {};
    /// The bound that it was loaded with. A state as of a business time may lack events between those it has, so it
    /// cannot be saved, no snapshot is taken of it, and refresh() folds it from the first event.
    detail::saturated<timestamp> occurred_up_to = (timestamp::max)();
};

/// Folds a stream from its first event to the end of the window (the default is the end of the stream) into a state.
/// Snapshots are not used: see repository.hpp for that.
///
/// Without such a stream the state is the initial one and the version 0. Reads in batches and keeps none. A stream that
/// was deleted and started again counts from its new start. The state of a truncated stream lacks what was removed, and
/// loaded::removed says so: truncate an aggregate's stream only where a snapshot covers it, or where its rules do not
/// look back that far. If all of it was truncated, the version is still that of its last event, and the position 0.
/// Events that are removed while they are loaded are no
/// error: the stream is read again.
/// Throws stele::error: undecodable, naming the event, if an event is not one of the aggregate's or its bytes do not
/// parse; corrupt, if versions are missing between its events. What `evolve` throws passes through. Any thread may call
/// it.
template <class Aggregate>
[[nodiscard]] loaded<Aggregate> load(event_store& store, const stream_id& stream, load_window window = {});

/// Brings a loaded state to the end of the window. Reads only the events after those it has, and the last one it has,
/// to detect truncation: if that is gone, the stream was deleted or truncated, and the state is folded again from what
/// the stream holds now, even if the window ends before the version it had. Throws as load() does; the state must not
/// be used after that, as it may hold half of the new events.
template <class Aggregate>
void refresh(event_store& store, const stream_id& stream, loaded<Aggregate>& known, load_window window = {});

/// Folds recorded events into states one at a time, for callers that read by themselves:
///
///     stele::evolver<account> evolve;
///     for (const stele::recorded_event& event : store.read_stream(id).events()) evolve(state, event);
///
/// One thread at a time; a new one costs an allocation, so keep it for a whole stream.
template <class Aggregate>
class evolver {
public:
    evolver() = default;
    evolver(const evolver&) = delete;
    evolver& operator=(const evolver&) = delete;
    ~evolver() = default;

    /// Throws stele::error (undecodable) as load() does; the state is unchanged then.
    void operator()(Aggregate& state, const recorded_event& event) { decoder_.decode(event, &state); }

private:
    detail::event_decoder decoder_{detail::evolve_table<Aggregate>()};
};

namespace detail {

/// What to do if the event at which a fold goes on was truncated.
enum class when_truncated : std::uint8_t {
    restarts,  ///< Fold what is left of the stream.
    goes_on,   ///< Keep the state if no event after it is missing: it is a snapshot, which was taken for that.
};

/// A state that events are folded into.
struct fold_target {
    stream_position& reached;  ///< The last event in the state.
    version& removed;          ///< As loaded::removed.
    void* state;
    void (*restart)(void* state);
};

/// Delivers the stream's events after `target.reached` up to `window` to the decoder, and advances it. If the event
/// there is gone, calls `restart`, begins at the first event, and returns false, unless `then` says otherwise.
bool fold_stream(event_store& store, const stream_id& stream, fold_target target, load_window window,
                 event_decoder& decoder, when_truncated then = when_truncated::restarts);

}  // namespace detail

template <class Aggregate>
void refresh(event_store& store, const stream_id& stream, loaded<Aggregate>& known, load_window window) {
    const auto whole = load_window{}.occurred_up_to;
    if (known.occurred_up_to != whole || window.occurred_up_to != whole) {
        detail::restart<Aggregate>(&known.state);
        static_cast<stream_position&>(known) = {};
        known.snapshot = known.removed = {};
        known.occurred_up_to = window.occurred_up_to;
    }
    detail::event_decoder decoder{detail::evolve_table<Aggregate>()};
    detail::fold_stream(store, stream, {known, known.removed, &known.state, &detail::restart<Aggregate>}, window,
                        decoder);
    known.stream = stream;
}

template <class Aggregate>
loaded<Aggregate> load(event_store& store, const stream_id& stream, load_window window) {
    loaded<Aggregate> result;
    refresh(store, stream, result, window);
    return result;
}

}  // namespace stele::inline v0
