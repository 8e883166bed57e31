#pragma once

#include <stele/aggregates/detail/any_aggregate.hpp>
#include <stele/aggregates/snapshot_policy.hpp>

#include <expected>
#include <string>

/// Snapshots: saved states, so that an aggregate with many events need not be folded from the first of them.
///
/// An aggregate opts in by naming a message that holds its whole state:
///
///     struct account {
///         …
///         using snapshot_type = bank::AccountSnapshot;
///         static constexpr auto snapshot_policy = stele::snapshot_every(100);
///         static constexpr int fold_version = 1;            // 1 if it is left out
///
///         snapshot_type snapshot() const;                   // all that the state is
///         void restore(const snapshot_type& saved);         // called on the state before the first event
///     };
///
/// The repository and the command bus then load by it, and take a new one after an append when the policy asks for it.
///
/// Events are what is true; a snapshot is only ever a shorter way to the same state. It is not used, the state is
/// folded from events, and a new snapshot replaces it, if
///   - it was made from something else: each carries a fingerprint of the category, `fold_version`, and the definitions
///     of the snapshot message and the events (with what those hold, not with what else their files hold);
///   - its bytes are not those that were written, or restore() throws (that is also a warning);
///   - its last event is not in the stream any more, as after a truncation, or a deletion and a new beginning.
///
/// What the fingerprint cannot see is code. **When `evolve`, `restore` or `snapshot` comes to another result than it
/// did, bump `fold_version`**: it is all that need be done about snapshots that are there. verify_snapshot() tells
/// whether it was forgotten. A change of `decide` needs nothing.
///
/// They are documents of the kind "snapshot" (document.hpp) whose key is the stream, written after the append and never
/// in its way: that one fails is a warning. One that outlives its stream is removed by remove_snapshot().
namespace stele::inline v0 {

/// Checks that snapshots of one stream lead to the state that its events lead to; meant for tests and for a look at a
/// copy of real data after a change. Reads the whole stream, writes nothing.
///
/// Folds the stream event by event. At each version, a snapshot is taken, put into bytes, read back and restored, and
/// the next event is folded into that as well: both states must give equal snapshots, and be equal if the aggregate has
/// an `operator==` (which finds what a snapshot forgets). Then the same for the snapshot that the store keeps, if it
/// has the fingerprint of today: this finds a fold_version that was not bumped. In a stream that was truncated below
/// its snapshot the two differ by what was removed.
///
/// Returns the version that was reached, or a text that shows the difference field by field. Throws as load() does, and
/// what snapshot() and restore() throw. NaN is equal to NaN.
template <class Aggregate>
[[nodiscard]] std::expected<version, std::string> verify_snapshot(event_store& store, const stream_id& stream);

/// Removes the snapshot of a stream, if there is one: after deleting a stream for good, so that nothing of it is left.
/// Throws what the store throws.
void remove_snapshot(event_store& store, const stream_id& stream);

namespace detail {

std::expected<version, std::string> verify_snapshot(event_store& store, const stream_id& stream,
                                                    const aggregate_type& type);

}  // namespace detail

template <class Aggregate>
std::expected<version, std::string> verify_snapshot(event_store& store, const stream_id& stream) {
    static_assert(detail::names_snapshot<Aggregate>,
                  "this aggregate has no snapshots: add `using snapshot_type = …;` (see snapshot.hpp)");
    return detail::verify_snapshot(store, stream, detail::aggregate_type_of<Aggregate>());
}

}  // namespace stele::inline v0
