#pragma once

#include <stele/eventstore/detail/pimpl.hpp>
#include <stele/eventstore/event_store.hpp>
#include <stele/eventstore/sqlite/connection_options.hpp>
#include <stele/projections/effects/effect.hpp>
#include <stele/projections/generations/read_model_diff.hpp>
#include <stele/projections/generations/rebuild.hpp>
#include <stele/projections/memory/memory_projection.hpp>
#include <stele/projections/projection.hpp>
#include <stele/projections/projection_status.hpp>

#include <chrono>
#include <cstddef>
#include <expected>
#include <filesystem>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <typeinfo>
#include <utility>
#include <vector>

namespace stele::inline v0 {

namespace detail {
/// The id that Linux gives to this run of the machine; empty if it cannot be read.
std::string boot_id_of_machine();
}  // namespace detail

/// How a runner reads, retries and stores.
struct projection_runner_options {
    /// Most events in one transaction of a read model. More is faster (each transaction costs a write to the file),
    /// fewer means that readers see changes sooner while a projection catches up. At least 1.
    std::size_t batch_events = 1000;
    /// How many projections are worked on at the same time in the background. At least 1.
    std::size_t threads = 2;
    /// How many times in a row a projection may fail in the background before it is faulted. At least 1.
    unsigned attempts = 5;
    /// The pause after the first failure, in any unit. It doubles with each further one, up to 64 times this value.
    detail::saturated<std::chrono::milliseconds> first_backoff = std::chrono::milliseconds{100};
    /// Whether catch_up() and the background rebuild a projection that has changed since its read model was built
    /// (another version, events or tables), as rebuild() does, instead of refusing it with needs_rebuild. They do not
    /// while a complete generation is waiting, new or rolled back: then the decision is yours.
    bool rebuild_changed = false;
    /// How the SQLite files of the read models are opened.
    connection_options connection = {};
    /// Returns an id that is different after every restart of the machine: a rebuild that was interrupted by a power
    /// cut must not be resumed. The default asks Linux. Where that fails it returns an empty id, and no interrupted
    /// rebuild is resumed.
    std::function<std::string()> boot_id = &detail::boot_id_of_machine;
};

/// Keeps read models up to date with an event store: reads the events after each projection's checkpoint, calls
/// project(), and stores rows and checkpoint in one transaction. So every event is in the rows exactly once, wherever
/// the process is killed. Guide: docs/projections.md.
///
///     stele::projection_runner runner{store, "bank.read"};
///     runner.add<balances>();
///     runner.catch_up();
///     auto db = stele::read_model::open_read_only("bank.read/balances.db");
///
/// The read models are in a directory, each in SQLite files of its own, so that projections do not block one another:
///
///     balances.1.db   a generation: the tables, and which projection and store they were built from
///     balances.2.db   the next one, built by rebuild(); the one before is kept for rollback()
///     balances.db     the stable name: a link to the generation that serves. It is replaced atomically: readers see
///                     the old generation or the new one (a blue/green switch).
///     runner.lock     held by the one runner that may write here
///
/// Projections in memory are structs that the runner owns (memory_projection.hpp). Background, and read your own write:
///
///     runner.start();
///     const auto receipt = bus.send(deposit("42", 5000));
///     if (const auto seen = runner.wait_for<balances>(receipt->position, 2s); !seen)
///         std::cerr << seen.error().message() << '\n';
///
/// An event that cannot be applied stops its projection or becomes a dead letter (dead_letter.hpp); others continue.
///
/// Threads: any thread may call anything; calls that concern the same projection wait for each other. add() comes
/// before all else. Inside its own handlers (of projections, effects, queries and progress) the functions that would
/// wait for them throw invalid_argument; stop() asks and does not wait, and a runner that is destroyed there ends, and
/// frees its directory, when the handler has returned.
class projection_runner {
public:
    /// Creates the directory if it does not exist. The store must outlive the runner.
    /// Throws stele::error: busy (another runner, in this process or another, has the directory), io, invalid_argument
    /// (an option is out of range).
    projection_runner(event_store& store, const std::filesystem::path& directory,
                      projection_runner_options options = {});
    projection_runner(projection_runner&&) noexcept;
    projection_runner& operator=(projection_runner&&) noexcept;
    /// As stop().
    ~projection_runner();

    /// Registers a projection, into tables (projection.hpp) or in memory (memory_projection.hpp), depending on what its
    /// project() takes, and creates its read model if there is none. If it has side effects (effect.hpp), they begin
    /// now. A damaged read model is left where it is and a new one is built from all events; last_error reports that.
    ///
    /// The runner owns the object, and calls its handlers until it ends. add<P>() constructs P without arguments.
    ///
    /// Throws stele::error: invalid_argument (the runner is started; a projection of this name was added before; or
    /// create() passed SQL that fails), handler_failed (create() threw something else), foreign_file (the file is not a
    /// read model, or that of another projection), newer_format, io.
    template <class P>
    void add() {
        if constexpr (detail::is_in_memory<P>())
            add_with_effects<P>(detail::define_memory_projection<P>(), nullptr);
        else
            add_tables(detail::make_projection<P>());
    }
    /// The same for a projection that is given, with what it holds.
    template <class P>
    void add(P projection) {
        if constexpr (detail::is_in_memory<P>())
            add_with_effects<P>(detail::define_memory_projection(std::move(projection)), nullptr);
        else
            add_tables(std::make_shared<P>(std::move(projection)));
    }

    /// Calls `function` with the state of the projection P, which is in memory, and returns a copy of what it returns:
    ///
    ///     const auto top = runner.query<largest_accounts>([](const largest_accounts& rows) { return rows.top(10); });
    ///
    /// The state does not change during the call and is that between two events, also after project() threw
    /// (memory_projection.hpp); it contains every event that a wait_for() has returned for. Queries of several threads
    /// run side by side, and the projection waits for them: be brief. Throws invalid_argument if P was not added, or
    /// inside a handler or another query of P; what folding the state again throws; and what the function throws.
    template <class P, class Function>
    auto query(Function&& function) const {
        static_assert(detail::is_in_memory<P>(),
                      "query() asks projections in memory; ask tables by read_model::open_read_only()");
        const detail::handler_scope here{handlers()};
        const auto locked = read(P::name, typeid(P));
        return std::invoke(std::forward<Function>(function), *static_cast<const P*>(locked.state));
    }

    /// Writes a snapshot of P now, whatever its policy. Throws stele::error: invalid_argument (P was not added, or has
    /// no snapshots, or snapshot() returned a message that cannot be stored), io; and what snapshot() throws.
    template <class P>
    void take_snapshot() {
        take_snapshot(P::name);
    }
    /// The same for the projection of this name.
    void take_snapshot(std::string_view name);

    /// Brings every projection up to the head of the store as it is when the call begins, on the caller's thread, and
    /// returns that position.
    /// Throws stele::error after every projection was tried; unless the background runs, those that failed are faulted
    /// in status(). Each message names the projection, and for a failed event its position, stream and type; the failed
    /// batch is rolled back. Kinds:
    ///   - handler_failed (a handler threw), or the kind of the stele::error that it threw; undecodable (the payload
    ///     does not parse)
    ///   - needs_rebuild (version, events or tables of the projection have changed: see rebuild())
    ///   - other_store (the read model was built from another store, or this one was restored to an earlier state)
    ///   - busy, full, io, corrupt
    position catch_up();

    /// Keeps all projections up to date from now on, until stop() or the end of the runner. Appends of this process
    /// wake them at once, those of other processes within the store's poll interval.
    ///
    /// A projection that fails is retried from its checkpoint after a pause, up to `attempts` times in a row; then it
    /// is faulted and stops. start() starts what is not running: everything after stop(), and projections that are
    /// faulted. It has no effect on those that run. A catch_up() that succeeds resumes what is faulted too. Throws what
    /// the store throws when it is asked for its head.
    void start();

    /// Returns when the batches in progress are committed. No effect if nothing was started. Inside a handler it only
    /// asks for that: the batch of the handler is the last one.
    void stop() noexcept;

    /// Waits at most `timeout` until every event up to `reached` (inclusive) is in the read model of P, and returns the
    /// read model's checkpoint. Everything up to it is committed: a query that begins now sees it.
    /// Returns a wait_failure when the time is over, and at once when the projection is faulted or the event at
    /// `reached` is a dead letter. 0 or less: it does not wait. Throws invalid_argument if P was not added.
    template <class P>
    [[nodiscard]] std::expected<position, wait_failure> wait_for(
        position reached, detail::saturated<std::chrono::milliseconds> timeout) const {
        return wait_for(P::name, reached, timeout);
    }
    /// The same for the projection of this name.
    [[nodiscard]] std::expected<position, wait_failure> wait_for(
        std::string_view name, position reached, detail::saturated<std::chrono::milliseconds> timeout) const;

    /// The status of each projection, in the order in which they were added.
    [[nodiscard]] std::vector<projection_status> status() const;

    /// The dead letters of P after a position, in order, at most `limit`.
    template <class P>
    [[nodiscard]] std::vector<dead_letter> dead_letters(position after = {}, std::size_t limit = 1000) const {
        return dead_letters(P::name, after, limit);
    }
    /// The same for the projection of this name.
    [[nodiscard]] std::vector<dead_letter> dead_letters(std::string_view name, position after = {},
                                                        std::size_t limit = 1000) const;

    /// Applies the dead letters of P in order, each in a transaction of its own, on the caller's thread. One that fails
    /// again stays, and so do those that are queued behind it; one whose event was removed from the store is dropped.
    /// Throws as catch_up(); what was applied before stays applied.
    template <class P>
    dead_letter_replay replay_dead_letters() {
        return replay_dead_letters(P::name);
    }
    /// The same for the projection of this name.
    dead_letter_replay replay_dead_letters(std::string_view name);

    /// Drops the dead letter of P at this position for good, without applying it: its event counts as ignored. What is
    /// queued behind it is applied by the next replay_dead_letters(). A rebuild tries the event again. Returns whether
    /// there was one. Throws as catch_up().
    template <class P>
    bool discard_dead_letter(position where) {
        return discard_dead_letter(P::name, where);
    }
    /// The same for the projection of this name.
    bool discard_dead_letter(std::string_view name, position where);

    /// Builds a new generation of P's read model from the first event to the head, on the caller's thread, in a file
    /// beside the one that serves, and then switches readers to it, unless the options say otherwise (blue/green;
    /// readers follow by themselves, see read_model::open_read_only).
    /// Meanwhile the old generation serves. It is kept up to date if this version of P built it; otherwise it stays at
    /// its position. It is locked only while the last events are applied to the new one.
    /// The new generation is written without syncs and synced before it is marked as complete. If the process ends
    /// before that, or `stop` or a disk error ends the rebuild, the next rebuild resumes it, provided that P has not
    /// changed; after a restart of the machine it starts over. If a handler fails, the unfinished generation is
    /// removed. The generation that served before is kept for rollback(); older ones are removed, and so is a waiting
    /// one once the new one is complete. Throws as catch_up().
    template <class P>
    rebuild_result rebuild(const rebuild_options& options = {}) {
        return rebuild(P::name, options);
    }
    /// The same by name. Throws invalid_argument if no projection of the name was added.
    rebuild_result rebuild(std::string_view name, const rebuild_options& options = {});

    /// Compares the generation of P that serves with the one that waits, or if none waits, the previous one with the
    /// one that serves: row by row, as diff_read_models() does. Both are brought to the same position first. (One that
    /// another version of P built stays at its position; rebuild() lets the new one wait at the same.)
    /// Blocks only rebuild, swap_in and rollback of P; do not call those from `each`.
    /// Throws invalid_argument if there is only one complete generation; and as catch_up().
    template <class P>
    diff_summary diff(const difference_visitor& each = {}) {
        return diff(P::name, each);
    }
    /// The same for the projection of this name.
    diff_summary diff(std::string_view name, const difference_visitor& each = {});

    /// Switches readers to the generation of P that waits, after it has caught up. The one that served is kept.
    /// Throws invalid_argument if none waits, needs_rebuild if another version of P built it; and as catch_up().
    template <class P>
    void swap_in() {
        swap_in(P::name);
    }
    /// The same for the projection of this name.
    void swap_in(std::string_view name);

    /// Switches readers back to the generation of P that served before the last rebuild or swap. The one that serves
    /// now waits from then on: swap_in() switches to it again.
    /// If this version of P built it, it catches up first. Otherwise it serves as it is and stays at its position,
    /// until a program with that version runs again. Throws invalid_argument if there is none; and as catch_up().
    template <class P>
    void rollback() {
        rollback(P::name);
    }
    /// The same for the projection of this name.
    void rollback(std::string_view name);

    /// Removes the generations of P that do not serve: the one kept for rollback(), a waiting one, and an unfinished
    /// one. Throws io.
    template <class P>
    void discard() {
        discard(P::name);
    }
    /// The same for the projection of this name.
    void discard(std::string_view name);

private:
    template <class P>
    void add_tables(const std::shared_ptr<P>& projection) {
        static_assert(!detail::has_rules<P>(),
                      "a project() that returns std::optional<stele::rejection> can reject events only before they are "
                      "stored: add the projection to inline_projections, or let project() return void");
        add_with_effects<P>(detail::define_projection(projection), projection);
    }
    template <class P, class Definition>
    void add_with_effects(const Definition& definition, const std::shared_ptr<P>& projection) {
        add_definition(definition);
        static_assert(detail::check_effects<P>());
        if constexpr (projection_with_effects<P>) add_definition(detail::define_effects<P>(projection));
    }
    void add_definition(const detail::projection_definition& definition);
    void add_definition(const detail::memory_projection_definition& definition);
    void add_definition(const detail::effect_definition& definition);
    [[nodiscard]] detail::locked_state read(std::string_view name, const std::type_info& type) const;
    [[nodiscard]] const void* handlers() const noexcept;  // their owner

    struct state;
    detail::pimpl<std::unique_ptr<state>> state_;
};

}  // namespace stele::inline v0
