#pragma once

#include <stele/aggregates/detail/any_aggregate.hpp>
#include <stele/aggregates/snapshot_policy.hpp>
#include <stele/eventstore/event_store.hpp>
#include <stele/eventstore/metadata.hpp>

#include <expected>
#include <optional>
#include <string_view>
#include <utility>

namespace stele::inline v0 {

/// How a repository behaves.
struct repository_options {
    /// Called for snapshots that could not be written or read. Empty: such problems are not reported.
    warning_handler on_warning = {};
};

/// Loads and saves instances of one aggregate by hand: for changes that do not come as a command, and for looking at
/// states. For commands use command_bus, which does the same by itself and also caches states.
///
///     stele::repository<account> accounts{store};
///     auto known = accounts.load("42");                                     // state, version, position
///     auto then  = accounts.load("42", {.as_of = store.position_at(noon)});  // as it was then
///     auto early = accounts.load("42", {.occurred_up_to = noon});  // by what had happened then, recorded whenever
///     auto saved = accounts.save("42", known, known.state.decide(deposit));
///     if (!saved) std::cerr << saved.error().message();                     // somebody else was first: load again
///
/// Uses the snapshots of an aggregate that has them (snapshot.hpp), and takes new ones. Any thread may call anything at
/// any time; the store must outlive the repository.
template <class Aggregate>
class repository {
    static_assert(detail::check_state<Aggregate>());

public:
    /// `store` must outlive the repository. Reads nothing yet.
    explicit repository(event_store& store, repository_options options = {})
        : store_(&store), options_(std::move(options)) {}

    /// Loads the state at the end of the window: from the last snapshot inside it and the events after that. Without
    /// such a stream the state is the initial one and the version 0. If the whole stream was loaded and the policy
    /// requires it, a snapshot is written.
    /// Throws stele::error: invalid_argument if `id` does not make a stream name; and as stele::load() does.
    [[nodiscard]] loaded<Aggregate> load(std::string_view id, load_window window = {}) const;

    /// Appends a decision made on a loaded state, expecting that nobody has written to the stream since
    /// (optimistic concurrency).
    ///
    /// Returns where the stream ends now; `known` is advanced to there. A decision without events appends nothing.
    /// Returns the conflict if somebody else was first; `known` is unchanged then. Writes a snapshot if the policy
    /// requires it. All events carry `metadata`, as given.
    /// Throws stele::error: invalid_argument for a decision that is a rejection, a state of another instance or as of
    /// a business time, or an event that cannot be stored (see encode in codec.hpp); and what the store throws. If
    /// `evolve` throws, so does this: the events are appended then, and `known` must not be used any more.
    [[nodiscard]] std::expected<append_result, conflict> save(std::string_view id, loaded<Aggregate>& known,
                                                              const decision<Aggregate>& decided,
                                                              const stele::metadata& metadata = {}) const;

    /// Writes a snapshot of a loaded state, whatever the policy says. Does nothing at version 0.
    /// Throws stele::error: invalid_argument if the message cannot be stored, if the state is of another instance or as
    /// of a business time, or if the stored snapshot holds removed events that this state lacks; and what `snapshot()`
    /// and the store throw.
    void take_snapshot(std::string_view id, const loaded<Aggregate>& known) const;

private:
    event_store* store_;
    repository_options options_;
};

namespace detail {

/// Loads into `known`, which has no events yet, and writes a snapshot if one is due.
void load_aggregate(event_store& store, const stream_id& stream, any_aggregate& known, load_window window,
                    const warning_handler& warn);
std::expected<append_result, conflict> save_aggregate(event_store& store, const stream_id& stream, any_aggregate& known,
                                                      const any_decision& decided, const stele::metadata& metadata,
                                                      const warning_handler& warn);
void write_snapshot_of(event_store& store, const stream_id& stream, const snapshot_functions& functions,
                       const void* state, stream_position reached, version removed);
/// Throws invalid_argument if a state was loaded from another stream than the one it is used for, or as of a business
/// time.
void expect_state_of(const stream_id& stream, const std::optional<stream_id>& loaded_from,
                     saturated<timestamp> occurred_up_to);

/// A loaded state as one of any type, for as long as it lives.
template <class Aggregate>
any_aggregate as_any(loaded<Aggregate>& known) {
    any_aggregate result{aggregate_type_of<Aggregate>(), &known.state};
    result.reached = static_cast<const stream_position&>(known);
    result.snapshot = known.snapshot;
    result.removed = known.removed;
    return result;
}

/// Copies back what as_any() took.
template <class Aggregate>
void take_back(loaded<Aggregate>& known, const any_aggregate& any) {
    static_cast<stream_position&>(known) = any.reached;
    known.snapshot = any.snapshot;
    known.removed = any.removed;
}

}  // namespace detail

template <class Aggregate>
loaded<Aggregate> repository<Aggregate>::load(std::string_view id, load_window window) const {
    loaded<Aggregate> result;
    result.stream = stream_of<Aggregate>(id);
    result.occurred_up_to = window.occurred_up_to;
    auto known = detail::as_any(result);
    detail::load_aggregate(*store_, *result.stream, known, window, options_.on_warning);
    detail::take_back(result, known);
    return result;
}

template <class Aggregate>
std::expected<append_result, conflict> repository<Aggregate>::save(std::string_view id, loaded<Aggregate>& known,
                                                                   const decision<Aggregate>& decided,
                                                                   const stele::metadata& metadata) const {
    const auto stream = stream_of<Aggregate>(id);
    detail::expect_state_of(stream, known.stream, known.occurred_up_to);
    auto any = detail::as_any(known);
    auto result = detail::save_aggregate(*store_, stream, any, detail::decision_access::outcome_of(decided), metadata,
                                         options_.on_warning);
    detail::take_back(known, any);
    return result;
}

template <class Aggregate>
void repository<Aggregate>::take_snapshot(std::string_view id, const loaded<Aggregate>& known) const {
    static_assert(detail::names_snapshot<Aggregate>,
                  "this aggregate has no snapshots: add `using snapshot_type = …;` (see snapshot.hpp)");
    const auto& type = detail::aggregate_type_of<Aggregate>();
    const auto stream = stream_of<Aggregate>(id);
    detail::expect_state_of(stream, known.stream, known.occurred_up_to);
    detail::write_snapshot_of(*store_, stream, *type.snapshots, &known.state,
                              static_cast<const stream_position&>(known), known.removed);
}

}  // namespace stele::inline v0
