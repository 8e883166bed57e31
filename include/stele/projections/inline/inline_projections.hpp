#pragma once

#include <stele/eventstore/sqlite/sqlite_store.hpp>
#include <stele/projections/effects/detail/effect_rules.hpp>
#include <stele/projections/projection.hpp>
#include <stele/projections/projection_status.hpp>

#include <string_view>
#include <vector>

namespace stele::inline v0 {

namespace detail {

/// Checks that P can be applied inline.
template <class P>
consteval bool check_inline() {
    static_assert(!lists_effects<P>,
                  "an inline projection is part of the append, which may still fail, so it has no side effects: take "
                  "`effects` out, or add the projection to a projection_runner");
    static_assert(on_fault_of<P>() == on_fault::stop,
                  "an inline projection puts no event aside, what it cannot take fails the append: take `on_fault` "
                  "out, or add the projection to a projection_runner");
    return check_effects<P>();
}

}  // namespace detail

struct inline_options {
    /// Whether add() rebuilds a projection whose tables were made by another version of it (or that declared other
    /// events or tables), as rebuild() does, instead of refusing it.
    bool rebuild_changed = false;
};

/// Projections that are applied in the transaction of every append, with their tables in the event store's own file:
/// who reads after an append sees what it did, without waiting.
///
///     auto store = stele::sqlite_store::open("bank.db");
///     stele::inline_projections applied{store};
///     applied.add<balances>();
///     bus.send(deposit("42", 5000));
///     auto db = stele::read_model::open_read_only("bank.db");   // sees the deposit
///
/// The projections are those of projection.hpp, and each event is in the rows exactly once. When project() throws, the
/// append ends in that fault (stele::error, of the kind that was thrown, or else invalid_argument) and nothing of it is
/// stored; other appends that share the commit are not touched. A handler reads and writes the tables of its own
/// create() alone, and must not append.
///
/// What is added stays until the store is closed, also when this object is gone. A process that has not added a
/// projection appends without it. No event is skipped by that: the tables stand still, read_model::checkpoint() says
/// where, and the next append of a process that has it applies what is missing before its own events. Until that is
/// possible (a handler throws at one of them), appends of that process fail and name the event.
///
/// Any thread may call anything. Appends wait meanwhile, those of other processes at most for their busy timeout.
class inline_projections {
public:
    /// The store must outlive it.
    explicit inline_projections(sqlite_store& store, inline_options options = {}) : store_(store), options_(options) {}

    /// Applies P from now on. Makes its tables if they are not there, and applies what they lack, in one transaction.
    ///
    /// Throws stele::error, and nothing has changed then: invalid_argument (P was added already, its create() failed,
    /// one of its tables is there already, or a handler threw, with the event's position, stream and type);
    /// undecodable; format (another version of P has made the tables, or one with other events or tables: see
    /// rebuild()); busy, full, io, closed.
    template <class P>
    void add() {
        static_assert(detail::check_inline<P>());
        add(detail::define_projection<P>(), false);
    }

    /// Makes the tables of P anew and applies all events, in one transaction: who reads sees the old rows until the new
    /// ones are complete, and if anything fails, the old ones stay. P is applied from then on, as after add().
    /// Throws as add(), but not because another version has made the tables.
    template <class P>
    void rebuild() {
        static_assert(detail::check_inline<P>());
        add(detail::define_projection<P>(), true);
    }

    /// Drops the tables of a projection and applies it no more. Throws invalid_argument if there is none of the name.
    void remove(std::string_view name);

    /// How each projection of the file is doing, by name. Those that this process has not added are `stopped`.
    [[nodiscard]] std::vector<projection_status> status() const;

private:
    void add(const detail::projection_definition& definition, bool rebuild);

    sqlite_store& store_;
    inline_options options_;
};

}  // namespace stele::inline v0
