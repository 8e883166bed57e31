#pragma once

#include <stele/aggregates/detail/snapshot_rules.hpp>
#include <stele/codec/codec.hpp>
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
        static_assert(projects_in_memory<P, Event>,
                      "for each event in `events` add to the projection in memory: "
                      "`void project(const Event& event, const stele::recorded_event& at);`");
        if constexpr (projects_in_memory<P, Event>)
            static_cast<P*>(state)->project(static_cast<const Event&>(event), at);
    }
};

template <class P>
consteval bool check_memory_snapshot() {
    if constexpr (names_snapshot<P>) {
        static_assert(std::derived_from<typename P::snapshot_type, google::protobuf::Message>,
                      "the `snapshot_type` of the projection must be a generated Protobuf message, and its .pb.h "
                      "included");
        static_assert(takes_snapshot<P>,
                      "this projection names a `snapshot_type`: add a public `snapshot_type snapshot() const;` that "
                      "puts the whole state into the message");
        static_assert(restores_snapshot<P>,
                      "this projection names a `snapshot_type`: add a public `void restore(const snapshot_type& "
                      "saved);` that makes the state what it was when snapshot() was called");
        static_assert(has_snapshot_policy<P>,
                      "this projection names a `snapshot_type`: add when snapshots are taken, "
                      "`static constexpr auto snapshot_policy = stele::snapshot_every(10'000);`");
    } else {
        static_assert(!names_snapshot_policy<P>,
                      "this projection has a `snapshot_policy`: add the message that holds its state, "
                      "`using snapshot_type = LargestAccounts;`");
    }
    return true;
}

/// Null if P has none.
template <class P>
const snapshot_functions* memory_snapshot_functions() {
    if constexpr (names_snapshot<P> && takes_snapshot<P> && restores_snapshot<P> && has_snapshot_policy<P>) {
        using snapshot_type = typename P::snapshot_type;
        static const snapshot_functions functions{
            .fingerprint = snapshot_fingerprint(
                P::name, static_cast<std::uint64_t>(P::version), *snapshot_type::descriptor(),
                with_types(P::events,
                           []<class... Events>() {
                               return std::vector<const google::protobuf::Descriptor*>{Events::descriptor()...};
                           })),
            .prototype = &snapshot_type::default_instance(),
            .policy = P::snapshot_policy,
            .take = [](const void* state) -> std::unique_ptr<google::protobuf::Message> {
                return std::make_unique<snapshot_type>(static_cast<const P*>(state)->snapshot());
            },
            .restore =
                [](void* state, const google::protobuf::Message& saved) {
                    static_cast<P*>(state)->restore(static_cast<const snapshot_type&>(saved));
                },
            .equal = nullptr,
        };
        return &functions;
    } else {
        return nullptr;
    }
}

/// What a runner knows about a projection in memory, without its type.
struct memory_projection_definition {
    std::string_view name;
    const event_table* events = nullptr;  ///< Calls project(); the context is the state.
    const std::type_info* type = nullptr;
    std::function<std::shared_ptr<void>()> make;    ///< Returns a new state, which no event was folded into.
    const snapshot_functions* snapshots = nullptr;  ///< Null if it has none.
};

/// Checks that P is a projection in memory, with a sentence for each thing that is missing, and describes it. `make`
/// returns its state before the first event.
template <class P>
memory_projection_definition describe_memory_projection(std::function<std::shared_ptr<void>()> make) {
    static_assert(has_projection_name<P>, "add to the projection its name: `static constexpr auto name = \"…\";`");
    static_assert(has_projection_version<P>,
                  "add to the projection: `static constexpr int version = 1;` (count up when what it does changes)");
    static_assert(!creates_tables<P>,
                  "this projection has `create` for tables, and `project` for a state in memory: remove `create`, or "
                  "add the parameter `stele::read_model&` to `project`");
    static_assert(!declares_on_fault<P>,
                  "a projection in memory stops at an event that it cannot apply: remove `on_fault`, or project into "
                  "tables");
    static_assert(check_memory_snapshot<P>());
    if constexpr (has_projection_name<P> && has_projection_version<P>) {
        static_assert(is_projection_name(P::name),
                      "the name of a projection is the name of its file: 1 to 64 letters, digits, '_' and '-'");
        static_assert(P::version >= 1, "the version of a projection is 1 or more");
        return {.name = P::name,
                .events = &event_table_of<P, memory_binding<P>>(),
                .type = &typeid(P),
                .make = std::move(make),
                .snapshots = memory_snapshot_functions<P>()};
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
    std::shared_lock<std::shared_mutex> lock;
    const void* state;
};

}  // namespace stele::inline v0::detail
