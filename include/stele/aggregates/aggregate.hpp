#pragma once

#include <stele/aggregates/decision.hpp>
#include <stele/aggregates/detail/aggregate_rules.hpp>
#include <stele/codec/codec.hpp>
#include <stele/eventstore/event_store.hpp>

#include <string>
#include <string_view>

/// Aggregates: the part of the domain that decides, and how its state comes back from events.
///
/// An aggregate is a plain struct, without a base class:
///
///     struct account {
///         static constexpr auto category = "account";                      // streams are named account-ID
///         static constexpr auto events   = hana::tuple_t<AccountOpened, MoneyDeposited>;
///         static constexpr auto commands = hana::tuple_t<OpenAccount, DepositMoney>;
///         static std::string_view instance_id(const auto& command) { return command.account(); }
///
///         bool open = false;                                               // the state before the first event
///         std::int64_t balance = 0;
///
///         stele::decision<account> decide(const DepositMoney& command) const;   // one for each command
///         void evolve(const MoneyDeposited& event);                             // one for each event
///     };
///
/// `decide` and `evolve` are pure: they look at the state and their argument and at nothing else (no clock, no file),
/// so that folding the same events always gives the same state. `evolve` takes what has happened and does not refuse.
///
/// `target` names the instance that a command is for. It is a function of the aggregate rather than an option on a
/// Protobuf field, so that the rule stands beside the other rules, is checked when compiling, may compute, and asks
/// nothing of .proto files, which may be another team's. One generic function serves all commands that name the
/// field alike; another command gets an overload. The text it returns may refer to the command.
///
/// What is missing or does not fit is a compile error that says what to add.
namespace stele::inline v0 {

/// Returns the stream of one instance: `stream_of<account>("42")` is the stream "account-42".
/// Throws stele::error (invalid_argument) if that is not a stream name (see stream.hpp).
template <class Aggregate>
stream_id stream_of(std::string_view id) {
    return stream_id{std::string_view{Aggregate::category}, id};
}

/// Which events go into a state: those that are inside both bounds.
struct load_window {
    /// Inclusive. The default is the end of the stream.
    version up_to = version::max();
    /// Loads the state as it was when the store's head was here. With event_store::position_at(): as of a time.
    position as_of = position::max();

    friend constexpr bool operator==(load_window, load_window) = default;
};

/// A state and the events it was made of.
template <class Aggregate>
struct loaded {
    Aggregate state{};
    /// The version of the last event in the state; 0 if there was none.
    stele::version version{};
    /// The position of that event; 0 if there was none.
    stele::position position{};
    /// The version of the last snapshot of the stream that is known to be good; 0 if none is (see snapshot.hpp).
    stele::version snapshot{};
};

/// Folds a stream from its first event to the end of the window (the default is the end of the stream) into a state.
/// What is kept beside the events, a snapshot, is not used: see repository.hpp for that.
///
/// Without such a stream the state is the initial one and the version 0. Reads in batches and keeps none. A stream that
/// was deleted and begun anew counts from its new beginning. The state of one that was truncated lacks what was
/// removed, so truncate an aggregate's stream only where its rules do not look back so far.
/// Throws stele::error: undecodable, naming the event, if an event is not one of the aggregate's or its bytes do not
/// parse; corrupt, if versions are missing between its events. Any thread may call it.
template <class Aggregate>
[[nodiscard]] loaded<Aggregate> load(event_store& store, const stream_id& stream, load_window window = {});

/// Brings a loaded state to the end of the window by reading only the events after the ones it has, and one: the last
/// that it has, to see that it is still there. If not, the stream was deleted or truncated meanwhile, and the state is
/// folded anew from what is there now; also if the window ends before what it has.
/// Throws as load() does; the state must not be used after that, as it may have half of what is new.
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
    /// Throws stele::error (undecodable) as load() does; the state is unchanged then.
    void operator()(Aggregate& state, const recorded_event& event) { decoder_.decode(event, &state); }

private:
    detail::event_decoder decoder_{detail::evolve_table<Aggregate>()};
};

namespace detail {

/// Hands the stream's events after `place` up to `window` to the decoder, and moves `place` on. If the event at `place`
/// is not there any more, calls `restart`, begins at the first event, and returns false.
bool fold_stream(event_store& store, const stream_id& stream, stream_position& place, load_window window,
                 event_decoder& decoder, void* state, void (*restart)(void* state));

}  // namespace detail

template <class Aggregate>
void refresh(event_store& store, const stream_id& stream, loaded<Aggregate>& known, load_window window) {
    detail::event_decoder decoder{detail::evolve_table<Aggregate>()};
    stream_position place{known.version, known.position};
    detail::fold_stream(store, stream, place, window, decoder, &known.state, &detail::restart<Aggregate>);
    known.version = place.version;
    known.position = place.position;
}

template <class Aggregate>
loaded<Aggregate> load(event_store& store, const stream_id& stream, load_window window) {
    loaded<Aggregate> result;
    refresh(store, stream, result, window);
    return result;
}

}  // namespace stele::inline v0
