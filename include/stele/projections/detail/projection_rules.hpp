#pragma once

#include <stele/codec/codec.hpp>
#include <stele/codec/detail/other_form.hpp>
#include <stele/eventstore/event.hpp>
#include <stele/eventstore/rejection.hpp>
#include <stele/projections/detail/on_fault_rules.hpp>

#include <concepts>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <type_traits>

namespace stele::inline v0 {
class read_model;
}

/// What a projection needs, checked at compile time, and its functions behind pointers. Handlers may be static or
/// members: they are called on an object either way.
namespace stele::inline v0::detail {

constexpr bool is_projection_name(std::string_view name) {
    for (const char c : name) {
        const bool letter = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
        if (!letter && !(c >= '0' && c <= '9') && c != '_' && c != '-') return false;
    }
    return !name.empty() && name.size() <= 64;
}

template <class P>
concept has_projection_name = requires {
    { P::name } -> std::convertible_to<std::string_view>;
};

template <class P>
concept has_projection_version = requires {
    { P::version } -> std::convertible_to<std::int64_t>;
};

template <class P, class Event>
using projected = decltype(std::declval<P&>().project(
    std::declval<const Event&>(), std::declval<const recorded_event&>(), std::declval<read_model&>()));

/// Whether P has a rule for the event: its project() may reject it.
template <class P, class Event>
concept rules_on = requires { requires std::same_as<projected<P, Event>, std::optional<rejection>>; };

template <class P, class Event>
concept projects = rules_on<P, Event> || requires { requires std::same_as<projected<P, Event>, void>; };

/// Whether P has a rule for any of its events.
template <class P>
consteval bool has_rules() {
    if constexpr (lists_events<P>)
        return with_types(P::events, []<class... Events>() { return (rules_on<P, Events> || ...); });
    else
        return false;
}

/// Throws append_rejected for what the projection answered.
[[noreturn]] void throw_rejected(std::string_view projection, const recorded_event& event, rejection reason);

template <class P, class Event>
concept projects_in_memory = requires(P& state, const Event& event, const recorded_event& at) {
    { state.project(event, at) } -> std::same_as<void>;
};

template <class P, class Event>
concept projects_in_memory_otherwise =
    !projects_in_memory<P, Event> && called_otherwise<project_call, P, Event, recorded_event>;

template <class P, class Event>
concept projects_otherwise =
    !projects<P, Event> &&
    (called_otherwise<project_call, P, Event, recorded_event, read_model> ||
     called_otherwise<project_call, P, Event, recorded_event> || called_otherwise<project_call, P, Event, read_model>);

template <class P>
concept creates_tables = requires(P& projection, read_model& db) {
    { projection.create(db) } -> std::same_as<void>;
};

template <class P>
concept creates_tables_otherwise =
    !creates_tables<P> && (called_otherwise<create_call, P, read_model> || std::invocable<create_call, P&>);

template <class P>
concept has_key = requires(P& projection, const recorded_event& event) {
    { projection.dead_letter_key(event) } -> std::convertible_to<std::string>;
};

template <class P>
concept declares_key = has_key<P> || requires { &P::dead_letter_key; };

/// Whether P is a projection in memory: it takes an event without a read model.
template <class P>
consteval bool is_in_memory() {
    bool any = false;
    if constexpr (lists_events<P>) {
        if constexpr (with_types(P::events, []<class... E>() { return (projects_in_memory<P, E> || ...); }))
            any = true;
        else if constexpr (!creates_tables<P> && !creates_tables_otherwise<P>)
            any = with_types(P::events, []<class... E>() {
                return ((!projects<P, E> && projects_in_memory_otherwise<P, E>) || ...);
            });
    }
    return any;
}

template <class P>
constexpr stele::on_fault on_fault_of() {
    return on_fault_of<P>(stele::on_fault::stop);
}

/// Converts to a removal, and to nothing else.
template <removal Removal>
struct removal_probe {
    operator const Removal&() const;  // NOLINT(google-explicit-constructor)
};
/// A type that only a generic function takes.
struct any_type {};

/// Whether P takes the removal by name in `project` (or, in memory, without tables), and not only by a generic
/// function.
template <class P, class Removal>
consteval bool projects_removal() {
    if constexpr (projects<P, any_type> || projects_in_memory<P, any_type>)
        return false;
    else
        return projects<P, removal_probe<Removal>> || projects_in_memory<P, removal_probe<Removal>>;
}

template <class P>
consteval bool check_removals() {
    if constexpr (lists_events<P>)
        static_assert(
            (listed_in<stream_deleted, decltype(P::events)> || !projects_removal<P, stream_deleted>()) &&
                (listed_in<stream_truncated, decltype(P::events)> || !projects_removal<P, stream_truncated>()),
            "this projection takes stele::stream_deleted or stele::stream_truncated, which are not in its list: "
            "add them to `events`, or `project` is never called with them");
    return true;
}

/// Makes the object for add<P>().
template <class P>
std::shared_ptr<P> make_projection() {
    static_assert(std::default_initializable<P>,
                  "add<P>() constructs the projection without arguments, which this one does not allow: pass an "
                  "object, `add(P{…})`");
    if constexpr (std::default_initializable<P>)
        return std::make_shared<P>();
    else
        return nullptr;
}

/// Whose project() is called, and with which tables: the context of the functions in a projection's event table.
struct projection_call {
    void* object = nullptr;
    read_model* db = nullptr;
};

/// What a runner knows about a projection into tables, without its type.
struct projection_definition {
    std::string_view name;
    std::int64_t version = 0;
    const event_table* events = nullptr;  ///< Calls project(); the context is a projection_call.
    std::shared_ptr<void> object;         ///< The projection itself.
    void (*create_tables)(void* object, read_model& db) = nullptr;
    stele::on_fault on_fault = stele::on_fault::stop;
    std::string (*key_of)(void* object, const recorded_event& event) = nullptr;

    void create(read_model& db) const { create_tables(object.get(), db); }
    [[nodiscard]] std::string dead_letter_key(const recorded_event& event) const { return key_of(object.get(), event); }
    [[nodiscard]] projection_call call(read_model& db) const { return {object.get(), &db}; }
};

/// Calls project() with an event or a removal; throws what it rejects.
template <class P, class Event>
void call_project(void* context, const Event& event, const recorded_event& at) {
    const auto& call = *static_cast<const projection_call*>(context);
    auto& projection = *static_cast<P*>(call.object);
    if constexpr (rules_on<P, Event>) {
        if (auto no = projection.project(event, at, *call.db)) throw_rejected(P::name, at, *std::move(no));
    } else {
        projection.project(event, at, *call.db);
    }
}

template <class P>
struct projection_binding {
    static constexpr bool skips_others = true;
    static std::string consumer() { return "projection " + std::string{P::name}; }

    template <class Event>
    static void handle(void* context, const google::protobuf::Message& event, const recorded_event& at) {
        static_assert(!projects_otherwise<P, Event>,
                      "`project` of this event has another form: make it "
                      "`void project(const Event& event, const stele::recorded_event& at, stele::read_model& db)` "
                      "(static if it needs no member; inline it may return `std::optional<stele::rejection>`)");
        static_assert(projects<P, Event> || projects_otherwise<P, Event>,
                      "for each event in `events` add to the projection: "
                      "`void project(const Event& event, const stele::recorded_event& at, stele::read_model& db)` "
                      "(static if it needs no member; inline it may return `std::optional<stele::rejection>`)");
        if constexpr (projects<P, Event>) call_project<P>(context, static_cast<const Event&>(event), at);
    }

    template <removal Removal>
    static void deliver(void* context, const Removal& removal, const recorded_event& at) {
        static_assert(!projects_otherwise<P, Removal>,
                      "`project` of this removal has another form: make it "
                      "`void project(const stele::stream_deleted&, const stele::recorded_event& at, stele::read_model& "
                      "db)`, or the same with stele::stream_truncated (static if it needs no member)");
        static_assert(projects<P, Removal> || projects_otherwise<P, Removal>,
                      "for each removal in `events` add to the projection: "
                      "`void project(const stele::stream_deleted&, const stele::recorded_event& at, stele::read_model& "
                      "db)`, or the same with stele::stream_truncated (static if it needs no member)");
        if constexpr (projects<P, Removal>) call_project<P>(context, removal, at);
    }
};

/// The key of a removal is that of an event in the stream that was removed.
template <class P>
std::string dead_letter_key_of(void* object, const recorded_event& event) {
    const std::string removed = removed_stream(event);
    const auto stream = removed.empty() ? event.stream : std::string_view{removed};
    static_assert(has_key<P> || !declares_key<P>,
                  "`dead_letter_key` has another form: make it "
                  "`static std::string dead_letter_key(const stele::recorded_event& event)`");
    if constexpr (has_key<P>) {
        const recorded_event asked{.position = event.position,
                                   .version = event.version,
                                   .recorded_at = event.recorded_at,
                                   .id = event.id,
                                   .stream = stream,
                                   .type = event.type,
                                   .payload = event.payload,
                                   .metadata = event.metadata,
                                   .content = event.content,
                                   .foreign_metadata = event.foreign_metadata};
        return static_cast<P*>(object)->dead_letter_key(asked);
    } else {
        return std::string{stream};
    }
}

/// Checks that P is a projection, with a sentence for each thing that is missing, and describes it.
template <class P>
projection_definition define_projection(std::shared_ptr<P> projection) {
    static_assert(has_projection_name<P>, "add to the projection its name: `static constexpr auto name = \"…\";`");
    static_assert(has_projection_version<P>,
                  "add to the projection: `static constexpr int version = 1;` (increase it when what it does changes)");
    static_assert(!creates_tables_otherwise<P>,
                  "`create` of a projection has another form: make it `static void create(stele::read_model& db)`");
    static_assert(
        creates_tables<P> || creates_tables_otherwise<P>,
        "add to the projection: `static void create(stele::read_model& db)`, which makes its tables (or, for one in "
        "memory, `void project(const Event& event, const stele::recorded_event& at)` for each event)");
    if constexpr (has_projection_name<P> && has_projection_version<P> && creates_tables<P>) {
        static_assert(is_projection_name(P::name),
                      "the name of a projection is the name of its file: 1 to 64 letters, digits, '_' and '-'");
        static_assert(P::version >= 1, "the version of a projection is 1 or more");
        static_assert(check_removals<P>());
        return {.name = P::name,
                .version = P::version,
                .events = &event_table_of<P, projection_binding<P>>(),
                .object = std::move(projection),
                .create_tables = [](void* object, read_model& db) { static_cast<P*>(object)->create(db); },
                .on_fault = on_fault_of<P>(),
                .key_of = &dead_letter_key_of<P>};
    }
    return {};
}

template <class P>
projection_definition define_projection() {
    return define_projection<P>(make_projection<P>());
}

}  // namespace stele::inline v0::detail
