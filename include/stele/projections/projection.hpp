#pragma once

#include <stele/codec/codec.hpp>
#include <stele/eventstore/event.hpp>
#include <stele/projections/dead_letter.hpp>
#include <stele/projections/sql/read_model.hpp>

#include <concepts>
#include <cstdint>
#include <string>
#include <string_view>
#include <type_traits>

/// A projection folds events into a read model: tables in an SQLite file of its own, which answer questions that the
/// events do not answer quickly. It is a plain struct without state; projection_runner.hpp runs it.
///
///     struct balances {
///         static constexpr auto name = "balances";    // also the name of its file: balances.db
///         static constexpr int version = 1;           // count up when create() or project() changes, then rebuild
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
/// Events whose type is not in the list are passed over, and counted. project() is called with every other event
/// once, in the order of positions, in a transaction that also stores the checkpoint. What it does depends on the event
/// and the tables alone (no clock, no random numbers), so that a replay makes the same rows. It throws to say that it
/// cannot take an event: its changes are undone then, and what follows is for the projection to say (dead_letter.hpp).
namespace stele::inline v0 {

namespace detail {

/// What the runner has to know about a projection, without its type.
struct projection_definition {
    std::string_view name;
    std::int64_t version = 0;
    const event_table* events = nullptr;  ///< Calls project(); the context of the calls is the read model.
    void (*create)(read_model& db) = nullptr;
    stele::on_fault on_fault = stele::on_fault::stop;
    std::string (*dead_letter_key)(const recorded_event& event) = nullptr;
};

constexpr bool is_projection_name(std::string_view name) {
    for (const char c : name) {
        const bool letter = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
        if (!letter && !(c >= '0' && c <= '9') && c != '_' && c != '-') return false;
    }
    return !name.empty() && name.size() <= 64;
}

template <class P, class Event>
concept projects = requires(const Event& event, const recorded_event& at, read_model& db) {
    { P::project(event, at, db) } -> std::same_as<void>;
};

template <class P>
concept has_projection_name = requires {
    { P::name } -> std::convertible_to<std::string_view>;
};

template <class P>
concept has_projection_version = requires {
    { P::version } -> std::convertible_to<std::int64_t>;
};

template <class P>
concept creates_tables = requires(read_model& db) {
    { P::create(db) } -> std::same_as<void>;
};

template <class P>
struct projection_binding {
    static constexpr bool skips_others = true;
    static std::string taker() { return "projection " + std::string{P::name}; }

    template <class Event>
    static void handle(void* db, const google::protobuf::Message& event, const recorded_event& at) {
        static_assert(
            projects<P, Event>,
            "for each event in `events` add to the projection: "
            "`static void project(const Event& event, const stele::recorded_event& at, stele::read_model& db)`");
        if constexpr (projects<P, Event>)
            P::project(static_cast<const Event&>(event), at, *static_cast<read_model*>(db));
    }
};

template <class P>
concept declares_on_fault = requires { P::on_fault; };

template <class P>
concept declares_key = requires { &P::dead_letter_key; };

template <class P>
constexpr stele::on_fault on_fault_of() {
    if constexpr (declares_on_fault<P>) {
        static_assert(std::same_as<std::remove_cvref_t<decltype(P::on_fault)>, stele::on_fault>,
                      "`on_fault` of a projection is stele::on_fault::stop or stele::on_fault::dead_letter");
        return P::on_fault;
    }
    return stele::on_fault::stop;
}

template <class P>
std::string dead_letter_key(const recorded_event& event) {
    if constexpr (declares_key<P>)
        return P::dead_letter_key(event);
    else
        return std::string{event.stream};
}

/// Checks that P is a projection, with a sentence for each thing that is missing, and describes it.
template <class P>
projection_definition define_projection() {
    static_assert(has_projection_name<P>, "add to the projection its name: `static constexpr auto name = \"…\";`");
    static_assert(has_projection_version<P>,
                  "add to the projection: `static constexpr int version = 1;` (count up when what it does changes)");
    static_assert(
        creates_tables<P>,
        "add to the projection: `static void create(stele::read_model& db)`, which makes its tables (or, for one in "
        "memory, `void project(const Event& event, const stele::recorded_event& at)` for each event)");
    if constexpr (has_projection_name<P> && has_projection_version<P> && creates_tables<P>) {
        static_assert(is_projection_name(P::name),
                      "the name of a projection is the name of its file: 1 to 64 letters, digits, '_' and '-'");
        static_assert(P::version >= 1, "the version of a projection is 1 or more");
        return {.name = P::name,
                .version = P::version,
                .events = &event_table_of<P, projection_binding<P>>(),
                .create = &P::create,
                .on_fault = on_fault_of<P>(),
                .dead_letter_key = &dead_letter_key<P>};
    }
    return {};
}

}  // namespace detail

/// Whether P has all that a projection needs, except that it takes each of its events: that is checked where it is
/// added to a runner, with a sentence that names what is missing.
template <class P>
concept projection = detail::has_projection_name<P> && detail::has_projection_version<P> && detail::lists_events<P> &&
                     detail::creates_tables<P>;

}  // namespace stele::inline v0
