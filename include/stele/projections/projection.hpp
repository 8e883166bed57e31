#pragma once

#include <stele/projections/detail/projection_rules.hpp>
#include <stele/projections/sql/read_model.hpp>

/// A projection folds events into a read model: SQL tables in an SQLite file, which answer questions that the events do
/// not answer quickly. It is a plain struct; projection_runner.hpp runs it. Guide: docs/projections.md.
///
///     struct balances {
///         static constexpr auto name = "balances";    // also the name of its file: balances.db
///         static constexpr int version = 1;           // increase it when create() or project() changes, then rebuild
///         static constexpr auto events = hana::tuple_t<AccountOpened, MoneyDeposited>;
///
///         static void create(stele::read_model& db) {
///             db.execute("CREATE TABLE balances (account TEXT PRIMARY KEY, balance INTEGER NOT NULL) STRICT");
///         }
///         static void project(const AccountOpened&, const stele::recorded_event& at, stele::read_model& db) {
///             db.execute("INSERT INTO balances VALUES (?1, 0)", stele::instance_id_of(at.stream));
///         }
///         static void project(const MoneyDeposited& e, const stele::recorded_event& at, stele::read_model& db) {
///             db.execute("UPDATE balances SET balance = balance + ?2 WHERE account = ?1",
///                        stele::instance_id_of(at.stream), e.amount());
///         }
///     };
///
/// project() is called once with every event in the list, in the order of positions, in a transaction that also stores
/// the checkpoint: each event is in the rows exactly once. Events of other types are skipped and counted. What
/// project() does must depend only on the event and the tables (no clock, no random numbers), so that a replay makes
/// the same rows. If it cannot apply an event it throws: its changes are rolled back, and the projection stops or
/// dead-letters the event (dead_letter.hpp).
///
/// A projection may hear of removals: list stele::stream_deleted or stele::stream_truncated (system_events.hpp) in
/// `events`, with a project() that takes it. With `categories = hana::make_tuple("account")` it gets only the events,
/// and the removals, of streams in these categories; with `tags = hana::make_tuple("region:eu")` only events that carry
/// all of these tags.
///
/// Handlers may also be members, for a projection that needs a collaborator: `runner.add(totals{exchange_rates})`. The
/// object belongs to the runner and lives as long as it does. create(), project() and dead_letter_key() are then called
/// on whichever thread applies the events, one call at a time; but during a rebuild the old and the new generation are
/// built by two threads, so both may be inside project() at the same moment, and effect() runs on a third. So a
/// collaborator must be thread-safe. Keep nothing in the object that comes from events: a rollback or a replay does not
/// reset it.
namespace stele::inline v0 {

/// Whether P has everything a projection needs, except a project() for each of its events: that is checked where it is
/// added to a runner, with a sentence that names what is missing.
template <class P>
concept projection = detail::has_projection_name<P> && detail::has_projection_version<P> && detail::lists_events<P> &&
                     detail::creates_tables<P>;

}  // namespace stele::inline v0
