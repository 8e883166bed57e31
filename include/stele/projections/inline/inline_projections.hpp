#pragma once

#include <stele/eventstore/sqlite/sqlite_store.hpp>
#include <stele/projections/effects/detail/effect_rules.hpp>
#include <stele/projections/projection.hpp>
#include <stele/projections/projection_status.hpp>

#include <memory>
#include <string_view>
#include <utility>
#include <vector>

namespace stele::inline v0 {

namespace detail {

/// Checks that P can be applied inline.
template <class P>
consteval bool check_inline() {
    static_assert(
        !is_in_memory<P>(),
        "an inline projection keeps tables in the store's file, and this one is in memory (its `project` takes "
        "no `stele::read_model&`): add it to a projection_runner, or let it project into tables");
    static_assert(!lists_effects<P>,
                  "an inline projection is part of the append, which may still fail, so it has no side effects: take "
                  "`effects` out, or add the projection to a projection_runner");
    static_assert(on_fault_of<P>() == on_fault::stop,
                  "an inline projection has no dead letters, an event that it cannot apply fails the append: take "
                  "`on_fault` out, or add the projection to a projection_runner");
    return check_effects<P>();
}

}  // namespace detail

/// How inline projections are applied.
struct inline_options {
    /// Whether add() rebuilds a projection that has changed since its tables were made (another version, events or
    /// tables), as rebuild() does, instead of refusing it with needs_rebuild.
    bool rebuild_changed = false;
    /// Whether add() and rebuild() compare each event with its leaf in the hash tree (all_read_options::compare_leaves)
    /// when they make the tables from all events. One that was changed makes them throw corrupt, naming the position.
    bool compare_leaves = true;
};

/// Projections that are applied in the transaction of every append, with their tables in the event store's own file: a
/// read after an append sees the result without waiting. Guide: docs/projections.md.
///
///     auto store = stele::sqlite_store::open("bank.db");
///     stele::inline_projections applied{store};
///     applied.add<balances>();
///     bus.send(deposit("42", 5000));
///     auto db = stele::read_model::open_read_only("bank.db");   // sees the deposit
///
/// The projections are those of projection.hpp, with static handlers or members, and each event is in the rows exactly
/// once. When project() throws, the append fails with that error (stele::error, of the kind that was thrown, or
/// handler_failed) and nothing of it is stored; other appends that share the commit are not affected. A handler reads
/// and writes only the tables of its own create(), and must not append.
///
/// Inline, project() may also enforce a rule. It then returns std::optional<stele::rejection>:
///
///     static std::optional<stele::rejection> project(const AccountOpened& e, const stele::recorded_event& at,
///                                                    stele::read_model& db) {
///         if (db.execute("INSERT OR IGNORE INTO owners VALUES (?1)", e.owner()) == 0)
///             return stele::reject("owner_has_account", "{} has an account", e.owner());
///         return std::nullopt;
///     }
///
/// A rejection undoes the append: command_bus::send returns it, event_store::append throws append_rejected. A project()
/// that takes stele::stream_deleted or stele::stream_truncated may reject the removal in the same way: then nothing is
/// removed, and delete_stream(), truncate_stream() and tombstone_stream() throw append_rejected.
///
/// An added projection, with its object, stays until the store is closed, even after this object is gone. Its name
/// stands in the file: appends of a process that has not added every inline projection of the store fail with
/// needs_projection. A library before 0.2 appends nevertheless; then read_model::checkpoint() says where the tables
/// are, and the next append of a process that has the projection first applies what is missing. Until that succeeds (a
/// handler throws at one of the events), appends of that process fail and name the event.
///
/// Threads: any thread may call anything. Appends wait meanwhile, those of other processes at most for their busy
/// timeout. Handlers are called one at a time, on the thread of any append that is being committed.
class inline_projections {
public:
    /// The store must outlive it.
    explicit inline_projections(sqlite_store& store, inline_options options = {}) : store_(store), options_(options) {}

    /// Applies a projection from now on. Makes its tables if they do not exist, and applies the events they lack, in
    /// one transaction. add<P>() constructs P without arguments.
    ///
    /// Throws stele::error, and nothing has changed then: invalid_argument (P was added before, its create() passed SQL
    /// that fails, or one of its tables exists already); handler_failed (create() or a handler threw; with the event's
    /// position, stream and type); undecodable; needs_rebuild (the projection has changed since the tables were made:
    /// see rebuild()); busy, full, io, closed.
    template <class P>
    void add() {
        register_projection(detail::make_projection<P>(), false);
    }
    /// The same for a projection that is given, with what it holds.
    template <class P>
    void add(P projection) {
        register_projection(std::make_shared<P>(std::move(projection)), false);
    }

    /// Makes the tables of P again from all events, in one transaction: readers see the old rows until the new ones are
    /// complete, and if anything fails, the old ones stay. P is applied from then on, as after add().
    /// Throws as add(), except needs_rebuild.
    template <class P>
    void rebuild() {
        register_projection(detail::make_projection<P>(), true);
    }
    /// The same for a projection that is given, with what it holds.
    template <class P>
    void rebuild(P projection) {
        register_projection(std::make_shared<P>(std::move(projection)), true);
    }

    /// Drops the tables of a projection and stops applying it, whether this process has added it or not, and whether or
    /// not it can apply what is stored. If another process has dropped the tables, this one stops applying it. Throws
    /// invalid_argument if there is none of the name.
    void remove(std::string_view name);

    /// The status of each projection in the file, by name. Those that this process has not added are `stopped`.
    [[nodiscard]] std::vector<projection_status> status() const;

private:
    template <class P>
    void register_projection(std::shared_ptr<P> projection, bool rebuild) {
        static_assert(detail::check_inline<P>());
        if constexpr (!detail::is_in_memory<P>())
            add_definition(detail::define_projection(std::move(projection)), rebuild);
    }
    void add_definition(const detail::projection_definition& definition, bool rebuild);

    sqlite_store& store_;
    inline_options options_;
};

}  // namespace stele::inline v0
