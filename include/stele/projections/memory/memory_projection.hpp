#pragma once

#include <stele/aggregates/snapshot_policy.hpp>
#include <stele/projections/memory/detail/memory_projection_rules.hpp>

/// A projection in memory: a plain struct that events are folded into, for answers that no table gives fast enough or
/// that need no table. A runner keeps it up to date like projections into tables; projection_runner::query() asks it.
/// Guide: docs/projections.md.
///
///     struct largest_accounts {
///         static constexpr auto name = "largest_accounts";
///         static constexpr int version = 1;               // increase it when project(), snapshot() or restore()
///         changes static constexpr auto events = hana::tuple_t<MoneyDeposited, MoneyWithdrawn>;
///
///         std::map<std::string, std::int64_t, std::less<>> balances;
///
///         void project(const MoneyDeposited& e, const stele::recorded_event& at);
///         void project(const MoneyWithdrawn& e, const stele::recorded_event& at);
///     };
///
/// project() is called once with each of these events, in the order of positions, one call at a time; what it does
/// depends only on the event and the state. If it cannot apply an event it throws: the projection stops before that
/// event. What it had changed of the state until then is never seen: before the next query, snapshot or attempt,
/// whichever comes first and on its thread, the state is folded again, from the last snapshot or the first event.
///
/// `runner.add<P>()` begins with a P constructed without arguments. `runner.add(largest_accounts{…})` begins with a
/// copy of the object, which may carry settings; the copy is made again whenever the state is folded from the start.
///
/// A process that starts reads all events again, unless the projection has snapshots (as aggregates have,
/// snapshot.hpp):
///
///     using snapshot_type = bank::LargestAccounts;        // a message that holds the whole state, up to 2 GiB
///     static constexpr auto snapshot_policy = stele::snapshot_every(10'000);
///     snapshot_type snapshot() const;
///     void restore(const snapshot_type& saved);           // called on a new object
///
/// A snapshot is the file NAME.snapshot in the runner's directory, replaced atomically. It is skipped, and all events
/// are read again, if it was written by another `version` or with other definitions of the message or the events (the
/// same fingerprint as for snapshots of aggregates), for another store or one that was restored to an earlier state, or
/// if its bytes are damaged. projection_status::last_error reports that, and a snapshot that could not be written;
/// neither stops the projection.
namespace stele::inline v0 {

/// Whether P has everything a projection in memory needs, except a project() for each of its events: that is checked
/// where it is used, with a sentence that names what is missing.
template <class P>
concept memory_projection =
    detail::is_in_memory<P>() && detail::has_projection_name<P> && detail::has_projection_version<P> &&
    (std::default_initializable<P> || std::copy_constructible<P>);

}  // namespace stele::inline v0
