#pragma once

#include <stele/aggregates/snapshot_policy.hpp>
#include <stele/projections/memory/detail/memory_projection_rules.hpp>

/// A projection in memory: a plain struct that events are folded into, for answers that no table gives fast enough, or
/// that need no table. The runner keeps it up to date as it does those in tables; projection_runner::query() asks it.
///
///     struct largest_accounts {
///         static constexpr auto name = "largest_accounts";
///         static constexpr int version = 1;               // count up when project(), snapshot() or restore() changes
///         static constexpr auto events = hana::tuple_t<MoneyDeposited, MoneyWithdrawn>;
///
///         std::map<std::string, std::int64_t, std::less<>> balances;
///
///         void project(const MoneyDeposited& e, const stele::recorded_event& at);
///         void project(const MoneyWithdrawn& e, const stele::recorded_event& at);
///     };
///
/// project() is called with each of these events once, in the order of positions; what it does depends on the event and
/// the state alone. It throws to say that it cannot take an event: the projection stops before it then, and what
/// project() changed before it threw is gone by the time of the next attempt, which begins with folding the state anew.
///
/// A process that starts reads all events again, unless the projection has snapshots (as aggregates have,
/// snapshot.hpp):
///
///     using snapshot_type = bank::LargestAccounts;        // a message that holds the whole state, up to 2 GiB
///     static constexpr auto snapshot_policy = stele::snapshot_every(10'000);
///     snapshot_type snapshot() const;
///     void restore(const snapshot_type& saved);           // called on a new object
///
/// A snapshot is a file NAME.snapshot in the runner's directory, replaced in one step. It is not used, but all events
/// are read again, if it was made by another `version` or with other definitions of the message or the events (the same
/// fingerprint as that of an aggregate's snapshot), from another store or one that was set back since, or if its bytes
/// are not those that were written. projection_status::last_error says so then, or that one could not be written;
/// neither is ever in the way.
namespace stele::inline v0 {

/// Whether P has all that a projection in memory needs, except that it takes each of its events: that is checked where
/// it is used, with a sentence that names what is missing.
template <class P>
concept memory_projection = detail::is_in_memory<P>() && detail::has_projection_name<P> &&
                            detail::has_projection_version<P> && std::default_initializable<P>;

}  // namespace stele::inline v0
