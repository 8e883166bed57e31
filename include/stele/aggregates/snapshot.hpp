#pragma once

#include <stele/aggregates/detail/any_aggregate.hpp>
#include <stele/aggregates/snapshot_policy.hpp>

#include <expected>
#include <functional>
#include <string>

/// Snapshots: saved states, so that an aggregate with many events need not be folded from the first one
/// (docs/snapshots.md).
///
/// An aggregate opts in by naming a message that holds its whole state:
///
///     struct account {
///         …
///         using snapshot_type = bank::AccountSnapshot;
///         static constexpr auto snapshot_policy = stele::snapshot_every(100);
///         static constexpr int fold_version = 1;            // 1 if it is left out
///
///         snapshot_type snapshot() const;                   // the whole state
///         void restore(const snapshot_type& saved);         // called on the state before the first event
///     };
///
/// The repository and the command bus then load from it, and take a new one after an append when the policy requires
/// it.
///
/// Events are the truth; a snapshot is only a shorter way to the same state. It is not used, the state is folded from
/// events, and a new snapshot replaces it, if
///   - it was made from something else: each carries a fingerprint of the category, `fold_version`, and the definitions
///     of the snapshot message and the events (with the messages they hold, not the rest of their files);
///   - its bytes are not those that were written, or restore() throws (that is also a warning);
///   - its last event is no longer in the stream, as after a truncation, or a deletion and a new start.
///
/// The fingerprint cannot see code. **When `evolve`, `restore` or `snapshot` gives another result than before,
/// increment `fold_version`**; stored snapshots need nothing else. verify_snapshot() tells whether it was forgotten. A
/// change of `decide` needs nothing.
///
/// Snapshots are documents of the kind "snapshot" (document.hpp) whose key is the stream, written after the append,
/// best effort: a failure is only a warning. One that holds events which were truncated since is the only way to the
/// whole state: it is used as long as `fold_version` and the name of its message stay, and it is not replaced by one
/// that lacks them (loaded::removed); a warning says so.
/// remove_snapshot() removes one that outlives its stream.
namespace stele::inline v0 {

/// Checks that snapshots of one stream lead to the same state as its events; for tests, and for a copy of real data
/// after a change. Reads the whole stream, writes nothing.
///
/// Folds the stream event by event. At each version a snapshot is taken, encoded, decoded and restored, and the next
/// event is folded into that as well: both states must give equal snapshots, and be equal if the aggregate has an
/// `operator==` (which finds what a snapshot forgets). Then the same for the stored snapshot, if it has today's
/// fingerprint: this finds a fold_version that was not incremented. Where the
/// stored snapshot holds events that were truncated since, they cannot be folded again; if the two differ, the text
/// says that it cannot be verified, and why.
///
/// Returns the version that was reached, or a text that shows the difference field by field. Throws as load() does, and
/// what snapshot() and restore() throw. NaN is equal to NaN.
template <class Aggregate>
[[nodiscard]] std::expected<version, std::string> verify_snapshot(event_store& store, const stream_id& stream);

/// Removes the snapshot of a stream, if there is one. Call it after deleting a stream, so that nothing of it is left.
/// Throws what the store throws.
void remove_snapshot(event_store& store, const stream_id& stream);

/// For retention_policy::covered_by: says of a stream of the aggregate up to which version its stored snapshot holds
/// the events, so that the state stays complete without them. 0 if there is no snapshot, or none that this program
/// would use. The store must outlive the function, which throws what the store throws.
template <class Aggregate>
[[nodiscard]] std::function<version(const stream_id& stream)> snapshots_of(event_store& store);

namespace detail {

version covered_by_snapshot(event_store& store, const stream_id& stream, const aggregate_type& type);

std::expected<version, std::string> verify_snapshot(event_store& store, const stream_id& stream,
                                                    const aggregate_type& type);

}  // namespace detail

template <class Aggregate>
std::expected<version, std::string> verify_snapshot(event_store& store, const stream_id& stream) {
    static_assert(detail::names_snapshot<Aggregate>,
                  "this aggregate has no snapshots: add `using snapshot_type = …;` (see snapshot.hpp)");
    return detail::verify_snapshot(store, stream, detail::aggregate_type_of<Aggregate>());
}

template <class Aggregate>
std::function<version(const stream_id& stream)> snapshots_of(event_store& store) {
    static_assert(detail::names_snapshot<Aggregate>,
                  "this aggregate has no snapshots: add `using snapshot_type = …;` (see snapshot.hpp)");
    return [&store](const stream_id& stream) {
        return detail::covered_by_snapshot(store, stream, detail::aggregate_type_of<Aggregate>());
    };
}

}  // namespace stele::inline v0
