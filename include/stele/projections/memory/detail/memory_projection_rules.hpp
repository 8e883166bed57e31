#pragma once

#include <stele/aggregates/detail/snapshot_rules.hpp>
#include <stele/codec/codec.hpp>
#include <stele/eventstore/detail/handler_scope.hpp>
#include <stele/projections/detail/projection_rules.hpp>

#include <concepts>
#include <functional>
#include <memory>
#include <shared_mutex>
#include <string>
#include <string_view>
#include <type_traits>
#include <typeinfo>
#include <vector>

/// What a projection in memory needs, checked at compile time, and its functions behind pointers.
namespace stele::inline v0::detail {

template <class P>
struct memory_binding {
    static constexpr bool skips_others = true;
    static std::string consumer() {
        if constexpr (has_projection_name<P>)
            return "projection " + std::string{P::name};
        else
            return "fold";
    }

    template <class Event>
    static void handle(void* state, const google::protobuf::Message& event, const recorded_event& at) {
        static_assert(!projects_in_memory_otherwise<P, Event>,
                      "`project` of this event has another form: make it "
                      "`void project(const Event& event, const stele::recorded_event& at);`, as this is a projection "
                      "in memory");
        static_assert(projects_in_memory<P, Event> || projects_in_memory_otherwise<P, Event>,
                      "for each event in `events` add to the projection in memory: "
                      "`void project(const Event& event, const stele::recorded_event& at);`");
        if constexpr (projects_in_memory<P, Event>)
            static_cast<P*>(state)->project(static_cast<const Event&>(event), at);
    }

    template <removal Removal>
    static void deliver(void* state, const Removal& removal, const recorded_event& at) {
        static_assert(!projects_in_memory_otherwise<P, Removal>,
                      "`project` of this removal has another form: make it "
                      "`void project(const stele::stream_deleted&, const stele::recorded_event& at);`, or the same "
                      "with stele::stream_truncated, as this is a projection in memory");
        static_assert(projects_in_memory<P, Removal> || projects_in_memory_otherwise<P, Removal>,
                      "for each removal in `events` add to the projection in memory: "
                      "`void project(const stele::stream_deleted&, const stele::recorded_event& at);`, or the same "
                      "with stele::stream_truncated");
        if constexpr (projects_in_memory<P, Removal>) static_cast<P*>(state)->project(removal, at);
    }
};

/// What a runner knows about a projection in memory, without its type.
struct memory_projection_definition {
    std::string_view name;
    const event_table* events = nullptr;  ///< Calls project(); the context is the state.
    const std::type_info* type = nullptr;
    std::function<std::shared_ptr<void>()> make;    ///< Returns a new state, which no event was folded into.
    const snapshot_functions* snapshots = nullptr;  ///< Null if it has none.
};

/// What snapshots of P are made from, beside messages and version.
template <class P>
std::string snapshot_name_of() {
    std::string name{P::name};
    for (const auto& category : categories_of_consumer<P>()) name += "\ncategory " + category;
    const auto tags = tags_of_consumer<P>();
    for (const auto tag : tags.view()) name.append("\ntag ").append(tag);
    return name;
}

/// Checks that P is a projection in memory, with a sentence for each thing that is missing, and describes it. `make`
/// returns its state before the first event.
template <class P>
memory_projection_definition describe_memory_projection(const std::function<std::shared_ptr<void>()>& make) {
    static_assert(has_projection_name<P>, "add to the projection its name: `static constexpr auto name = \"…\";`");
    static_assert(has_projection_version<P>,
                  "add to the projection: `static constexpr int version = 1;` (increase it when what it does changes)");
    static_assert(!creates_tables<P>,
                  "this projection has `create` for tables, and `project` for a state in memory: remove `create`, or "
                  "add the parameter `stele::read_model&` to `project`");
    static_assert(!declares_on_fault<P>,
                  "a projection in memory stops at an event that it cannot apply: remove `on_fault`, or project into "
                  "tables");
    static_assert(check_snapshot<P>());
    if constexpr (has_projection_name<P> && has_projection_version<P>) {
        static_assert(is_projection_name(P::name),
                      "the name of a projection is the name of its file: 1 to 64 letters, digits, '_' and '-'");
        static_assert(P::version >= 1, "the version of a projection is 1 or more");
        static_assert(check_removals<P>());
        return {.name = P::name,
                .events = &event_table_of<P, memory_binding<P>>(),
                .type = &typeid(P),
                .make = make,
                .snapshots = snapshot_functions_of<P>(snapshot_name_of<P>(), static_cast<std::uint64_t>(P::version))};
    }
    return {};
}

/// States begin as a P without arguments.
template <class P>
memory_projection_definition define_memory_projection() {
    return describe_memory_projection<P>([]() -> std::shared_ptr<void> { return make_projection<P>(); });
}

/// States begin as a copy of the object.
template <class P>
memory_projection_definition define_memory_projection(P&& first) {
    using state = std::remove_cvref_t<P>;
    static_assert(std::copy_constructible<state>,
                  "the state of a projection in memory begins as a copy of the object that is added: make it copyable, "
                  "or use add<P>()");
    if constexpr (std::copy_constructible<state>)
        return describe_memory_projection<state>(
            [first = std::make_shared<const state>(std::forward<P>(first))]() -> std::shared_ptr<void> {
                return std::make_shared<state>(*first);
            });
    else
        return {};
}

/// A state that does not change while this exists.
struct locked_state {
    handler_scope here;  ///< The query is one.
    std::shared_lock<std::shared_mutex> lock;
    const void* state;
};

}  // namespace stele::inline v0::detail
