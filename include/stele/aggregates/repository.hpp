#pragma once

#include <stele/aggregates/detail/any_aggregate.hpp>
#include <stele/aggregates/snapshot_policy.hpp>

#include <expected>
#include <string_view>
#include <utility>

namespace stele::inline v0 {

struct repository_options {
    /// Hears of snapshots that could not be written or read; nobody does by default.
    warning_handler on_warning = {};
};

/// Loads and saves instances of one aggregate by hand: for what does not come as a command, and for looking at states.
/// Who has commands sends them to a command_bus, which does the same by itself and also keeps states for the next one.
///
///     stele::repository<account> accounts{store};
///     auto known = accounts.load("42");                                     // state, version, position
///     auto then  = accounts.load("42", {.as_of = store.position_at(noon)});  // as it was then
///     auto saved = accounts.save("42", known, known.state.decide(deposit));
///     if (!saved) std::cerr << saved.error().message();                     // somebody else was first: load again
///
/// Uses the snapshots of an aggregate that has them (snapshot.hpp), and takes new ones. Any thread may call anything at
/// any time; the store must outlive the repository.
template <class Aggregate>
class repository {
public:
    explicit repository(event_store& store, repository_options options = {})
        : store_(&store), options_(std::move(options)) {}

    /// Loads the state at the end of the window: from the last snapshot inside it and the events after that. Without
    /// such a stream the state is the initial one and the version 0. If the whole stream was loaded and the policy
    /// asks for it, a snapshot is written.
    /// Throws stele::error: invalid_argument if `id` does not make a stream name; and as stele::load() does.
    [[nodiscard]] loaded<Aggregate> load(std::string_view id, load_window window = {}) const;

    /// Appends what was decided on a state that was loaded, expecting that nobody has written to the stream since.
    ///
    /// Returns where the stream is then; `known` has come there too, so that one may go on with it. A decision without
    /// events appends nothing. Returns the conflict if somebody else was first; `known` is as it was. Writes a snapshot
    /// if the policy asks for it. All events carry `about`, as it is given.
    /// Throws stele::error: invalid_argument for a decision that is a rejection, or an event that cannot be stored
    /// (see encode in codec.hpp); and what the store throws. If `evolve` throws, so does this: the events are appended
    /// then, and `known` must not be used any more.
    std::expected<append_result, conflict> save(std::string_view id, loaded<Aggregate>& known,
                                                const decision<Aggregate>& decided, const metadata& about = {}) const;

    /// Writes a snapshot of a state that was loaded, whatever the policy says. Nothing is done at version 0.
    /// Throws stele::error: invalid_argument if the message cannot be stored; and what `snapshot()` and the store
    /// throw.
    void take_snapshot(std::string_view id, const loaded<Aggregate>& known) const;

private:
    event_store* store_;
    repository_options options_;
};

namespace detail {

/// Loads into `known`, which is at its beginning, and writes a snapshot if one is due.
void load_aggregate(event_store& store, const stream_id& stream, any_aggregate& known, load_window window,
                    const warning_handler& warn);
std::expected<append_result, conflict> save_aggregate(event_store& store, const stream_id& stream, any_aggregate& known,
                                                      const any_decision& decided, const metadata& about,
                                                      const warning_handler& warn);
void write_snapshot_of(event_store& store, const stream_id& stream, const snapshot_functions& functions,
                       const void* state, stream_position place);

/// A loaded state as one of any type, for as long as it lives.
template <class Aggregate>
any_aggregate as_any(loaded<Aggregate>& known) {
    any_aggregate result{aggregate_type_of<Aggregate>(), &known.state};
    result.place = {known.version, known.position};
    result.snapshot = known.snapshot;
    return result;
}

}  // namespace detail

template <class Aggregate>
loaded<Aggregate> repository<Aggregate>::load(std::string_view id, load_window window) const {
    loaded<Aggregate> result;
    auto known = detail::as_any(result);
    detail::load_aggregate(*store_, stream_of<Aggregate>(id), known, window, options_.on_warning);
    result.version = known.place.version;
    result.position = known.place.position;
    result.snapshot = known.snapshot;
    return result;
}

template <class Aggregate>
std::expected<append_result, conflict> repository<Aggregate>::save(std::string_view id, loaded<Aggregate>& known,
                                                                   const decision<Aggregate>& decided,
                                                                   const metadata& about) const {
    auto any = detail::as_any(known);
    auto result = detail::save_aggregate(*store_, stream_of<Aggregate>(id), any, decided, about, options_.on_warning);
    known.version = any.place.version;
    known.position = any.place.position;
    known.snapshot = any.snapshot;
    return result;
}

template <class Aggregate>
void repository<Aggregate>::take_snapshot(std::string_view id, const loaded<Aggregate>& known) const {
    static_assert(detail::names_snapshot<Aggregate>,
                  "this aggregate has no snapshots: add `using snapshot_type = …;` (see snapshot.hpp)");
    const auto& type = detail::aggregate_type_of<Aggregate>();
    detail::write_snapshot_of(*store_, stream_of<Aggregate>(id), *type.snapshots, &known.state,
                              {known.version, known.position});
}

}  // namespace stele::inline v0
