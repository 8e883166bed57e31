#pragma once

#include <stele/eventstore/event_store.hpp>
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
#include <string_view>
#include <typeinfo>
#include <utility>
#include <vector>

namespace stele::inline v0 {

struct projection_runner_options {
    /// Most events in one transaction of a read model. More is faster (each transaction costs a write to the file),
    /// fewer means that readers see changes sooner while a projection catches up.
    std::size_t batch_events = 1000;
    /// In the background, at most so many projections are worked on at the same time. At least 1.
    std::size_t threads = 2;
    /// How many times in a row a projection may fail in the background before it is faulted. At least 1.
    unsigned attempts = 5;
    /// How long it rests after the first failure; twice as long after each further one, up to 64 times that.
    std::chrono::milliseconds first_backoff{100};
    /// Whether catch_up() and the background rebuild a projection whose read model was built by another version of it
    /// (or declared other events or tables), as rebuild() does, instead of refusing it. They do not if a complete
    /// generation waits, new or rolled back: then it is for you to decide.
    bool rebuild_changed = false;
};

/// Keeps read models up to date with an event store: reads events on from each projection's checkpoint, calls
/// project(), and stores rows and checkpoint in one transaction, so that every event is in the rows exactly once
/// however often and wherever the process is killed.
///
///     stele::projection_runner runner{store, "bank.read"};
///     runner.add<balances>();
///     runner.catch_up();
///     auto db = stele::read_model::open_read_only("bank.read/balances.db");
///
/// The read models live in a directory, each in SQLite files of its own, so that projections do not block one another:
///
///     balances.1.db   a generation: the tables, and what they were built by and from
///     balances.2.db   the next one, built by rebuild(); the one before is kept for rollback()
///     balances.db     the stable name: a link to the generation that serves. It is replaced in one step, so readers
///                     see the old generation or the new one, never anything between.
///     runner.lock     held by the one runner that may write here
///
/// Those in memory are structs that the runner keeps (memory_projection.hpp), and answer by query().
///
/// In a program that goes on, they are kept up to date in the background:
///
///     runner.start();
///     const auto receipt = bus.send(deposit("42", 5000));
///     if (const auto seen = runner.wait_for<balances>(receipt->position, 2s); !seen)
///         std::cerr << seen.error().message() << '\n';
///
/// What cannot be taken stops a projection, or is put aside (dead_letter.hpp).
/// A projection that fails does not keep the others from their events. Any thread may call anything, and what is done
/// for the same projection takes turns; but add() comes before all else, and start() and stop() are for one thread.
class projection_runner {
public:
    /// Makes the directory if it is not there. The store must outlive the runner.
    /// Throws stele::error: busy (another runner, here or in another process, has the directory), io.
    projection_runner(event_store& store, std::filesystem::path directory, projection_runner_options options = {});
    projection_runner(projection_runner&&) noexcept;
    projection_runner& operator=(projection_runner&&) noexcept;
    ~projection_runner();

    /// Registers the projection P, in tables (projection.hpp) or in memory (memory_projection.hpp) by what its
    /// project() takes, and makes its read model if there is none. If it has side effects (effect.hpp), these begin
    /// now. A read model that is damaged is left aside, a new one is made from all events, and last_error says so.
    ///
    /// Throws stele::error: invalid_argument (one with its name is registered already, or its create() failed),
    /// format (the file is not a read model, of a newer format, or of a projection with another name), io.
    template <class P>
    void add() {
        if constexpr (detail::is_in_memory<P>())
            add(detail::define_memory_projection<P>());
        else
            add(detail::define_projection<P>());
        static_assert(detail::check_effects<P>());
        if constexpr (projection_with_effects<P>) add(detail::define_effects<P>());
    }

    /// Calls `function` with the state of the projection P, which is in memory, and returns a copy of what it returns.
    ///
    ///     const auto top = runner.query<largest_accounts>([](const largest_accounts& rows) { return rows.top(10); });
    ///
    /// The state does not change during the call and lies between two events; it holds all those that a wait_for() has
    /// returned for. Queries of several threads run side by side, the projection waits for them: be short, and do not
    /// ask the same projection from inside. Throws invalid_argument if P was not added, and what the function throws.
    template <class P, class Function>
    auto query(Function&& function) const {
        static_assert(detail::is_in_memory<P>(),
                      "query() asks projections in memory; ask tables by read_model::open_read_only()");
        const auto locked = read(P::name, typeid(P));
        return std::invoke(std::forward<Function>(function), *static_cast<const P*>(locked.state));
    }

    /// Writes a snapshot of P now, whatever its policy. Throws stele::error: invalid_argument (P was not added, or has
    /// no snapshots, or snapshot() gave a message that cannot be stored), io; and what snapshot() throws.
    template <class P>
    void take_snapshot() {
        take_snapshot(P::name);
    }
    void take_snapshot(std::string_view name);

    /// Applies to every projection the events up to the head as it is when the call begins, on the caller's thread, and
    /// returns that position.
    ///
    /// Throws stele::error once every projection has had its turn: what a handler threw, with projection, position,
    /// stream and type (its batch is rolled back: the read model stays as it was after the batch before); undecodable
    /// (an event's payload does not parse); format (P::version, its events or its tables are not those that the read
    /// model was built with: see rebuild(); or the read model was built from another store, or one that has been set
    /// back since); busy, full, io, corrupt.
    position catch_up();

    /// Keeps all projections up to date from now on, until stop() or the end of the runner. Appends of this process
    /// wake them at once, those of others within the store's poll interval.
    ///
    /// A projection that fails is tried again from its checkpoint, after a rest, up to `attempts` times in a row; then
    /// it is faulted and stands still. Called again, start() begins anew, also with those.
    /// Throws what the store throws when it is asked for its head.
    void start();

    /// Returns when what is being applied has been committed. No effect if nothing was started.
    void stop() noexcept;

    /// Waits until every event up to `reached` is in the read model of P, at most for `timeout`, and returns how far
    /// the read model is. What returns a position has been committed: a query that begins now sees it.
    ///
    /// Returns a wait_failure when the time is over, and at once when the projection is faulted or the event at that
    /// position is a dead letter.
    /// Throws invalid_argument if P was not added.
    template <class P>
    [[nodiscard]] std::expected<position, wait_failure> wait_for(position reached,
                                                                 std::chrono::milliseconds timeout) const {
        return wait_for(P::name, reached, timeout);
    }
    [[nodiscard]] std::expected<position, wait_failure> wait_for(std::string_view name, position reached,
                                                                 std::chrono::milliseconds timeout) const;

    /// How each projection is doing, in the order in which they were added.
    [[nodiscard]] std::vector<projection_status> status() const;

    /// The dead letters of P that come after a position, in order, at most `limit`.
    template <class P>
    [[nodiscard]] std::vector<dead_letter> dead_letters(position after = {}, std::size_t limit = 1000) const {
        return dead_letters(P::name, after, limit);
    }
    [[nodiscard]] std::vector<dead_letter> dead_letters(std::string_view name, position after = {},
                                                        std::size_t limit = 1000) const;

    /// Applies the dead letters of P in order, each in a transaction of its own, on the caller's thread. One that fails
    /// again stays, and with it those that wait behind it.
    /// Throws as catch_up(); what was applied before stays applied.
    template <class P>
    dead_letter_replay replay_dead_letters() {
        return replay_dead_letters(P::name);
    }
    dead_letter_replay replay_dead_letters(std::string_view name);

    /// Builds the read model of P anew from the first event to the head, on the caller's thread, in a file beside the
    /// one that serves, and lets it serve then, unless the options say otherwise. Readers go over by themselves (see
    /// read_model::open_read_only).
    ///
    /// Meanwhile the old generation serves, and is kept up to date if this version of P has built it. (One that was
    /// built by another version stands still.) Only its last events are applied while the other one waits.
    ///
    /// The new generation is written without syncs and brought to the disk before it is marked as complete. If the
    /// process ends before that, or `stop` or the disk ends the rebuild, the next one goes on with what is there, if it
    /// is of the same version of P; if the machine went down, it begins anew. If a handler fails, what was built is
    /// removed.
    /// The generation that served before is kept, for rollback(); what is older is removed. So is one that waits, when
    /// the new one is complete.
    /// Throws as catch_up().
    template <class P>
    rebuild_result rebuild(const rebuild_options& options = {}) {
        return rebuild(P::name, options);
    }
    /// The same by name. Throws invalid_argument if no projection of the name was added.
    rebuild_result rebuild(std::string_view name, const rebuild_options& options = {});

    /// Compares the generation of P that serves with the one that waits, or if none does, the one that served before
    /// with the one that serves: row by row, as diff_read_models() does. Both are brought to the same position first;
    /// one that another version of P has built stands still, but rebuild() lets the other one wait where it stands.
    /// Nobody waits for the comparison except who wants to rebuild, swap or roll back P; `each` must not do so.
    /// Throws invalid_argument if there is only one complete generation; and as catch_up().
    template <class P>
    diff_summary diff(const difference_visitor& each = {}) {
        return diff(P::name, each);
    }
    diff_summary diff(std::string_view name, const difference_visitor& each = {});

    /// Lets the complete generation of P that waits serve, once it has caught up. The one that served before is kept.
    /// Throws invalid_argument if none waits, format if another version of P has built it; and as catch_up().
    template <class P>
    void swap_in() {
        swap_in(P::name);
    }
    void swap_in(std::string_view name);

    /// Lets the generation of P serve that served before the last rebuild or swap. The one that serves now waits from
    /// then on: swap_in() goes back to it.
    ///
    /// If this version of P has built it, it catches up first. If not, it serves as it is, and stands still: that helps
    /// readers until the program of that version runs again.
    /// Throws invalid_argument if there is none; and as catch_up().
    template <class P>
    void rollback() {
        rollback(P::name);
    }
    void rollback(std::string_view name);

    /// Removes the generations of P that do not serve: the one kept for rollback(), one that waits, and what there is
    /// of one whose rebuild was stopped. Throws io.
    template <class P>
    void discard() {
        discard(P::name);
    }
    void discard(std::string_view name);

private:
    void add(const detail::projection_definition& definition);
    void add(const detail::memory_projection_definition& definition);
    void add(const detail::effect_definition& definition);
    [[nodiscard]] detail::locked_state read(std::string_view name, const std::type_info& type) const;

    struct state;
    std::unique_ptr<state> state_;
};

}  // namespace stele::inline v0
