#pragma once

#include <stele/codec/detail/event_entries.hpp>
#include <stele/codec/detail/other_form.hpp>
#include <stele/eventstore/detail/failures.hpp>
#include <stele/eventstore/stream.hpp>
#include <stele/processes/detail/process_definition.hpp>
#include <stele/processes/detail/process_location.hpp>
#include <stele/processes/detail/process_state.hpp>
#include <stele/processes/reaction.hpp>
#include <stele/projections/detail/on_fault_rules.hpp>

#include <algorithm>
#include <concepts>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

/// What makes a struct a process manager, checked at compile time, with a sentence for each thing that is missing.
namespace stele::inline v0::detail {

template <class P>
concept has_process_name = requires {
    { P::name } -> std::convertible_to<std::string_view>;
};

template <class P>
concept lists_process_commands = requires { P::commands; };

template <class P, class Event>
concept evolves_at = requires(P& state, const Event& event, const recorded_event& at) {
    { state.evolve(event, at) } -> std::same_as<void>;
};
template <class P, class Event>
concept evolves_alone = requires(P& state, const Event& event) {
    { state.evolve(event) } -> std::same_as<void>;
};
template <class P, class Event>
concept evolves_process = evolves_at<P, Event> || evolves_alone<P, Event>;

template <class P, class Event>
concept reacts_at = requires(const P& state, const Event& event, const recorded_event& at) {
    { state.react(event, at) } -> std::same_as<reaction<P>>;
};
template <class P, class Event>
concept reacts_alone = requires(const P& state, const Event& event) {
    { state.react(event) } -> std::same_as<reaction<P>>;
};
template <class P, class Event>
concept reacts = reacts_at<P, Event> || reacts_alone<P, Event>;

template <class P, class Command>
concept evolves_rejected = requires(P& state, const rejected<Command>& outcome) {
    { state.evolve(outcome) } -> std::same_as<void>;
};
template <class P, class Command>
concept reacts_to_rejected = requires(const P& state, const rejected<Command>& outcome) {
    { state.react(outcome) } -> std::same_as<reaction<P>>;
};

// What is there in another form.
template <class P, class Event>
concept evolves_process_otherwise =
    !evolves_process<P, Event> && called_otherwise<evolve_call, P, Event, recorded_event>;
template <class P, class Event>
concept reacts_otherwise = !reacts<P, Event> && called_otherwise<react_call, P, Event, recorded_event>;

template <class P, class Command>
concept evolves_rejected_otherwise =
    !evolves_rejected<P, Command> && called_otherwise<evolve_call, P, rejected<Command>, recorded_event>;
template <class P, class Command>
concept reacts_to_rejected_otherwise =
    !reacts_to_rejected<P, Command> && called_otherwise<react_call, P, rejected<Command>, recorded_event>;

template <class P, class Event>
consteval bool evolves_by_event() {
    if constexpr (evolves_at<P, Event> && evolves_alone<P, Event>)
        return evolves_at<P, any_event> && !evolves_alone<P, any_event>;
    else
        return evolves_alone<P, Event>;
}
template <class P, class Event>
consteval bool reacts_by_event() {
    if constexpr (reacts_at<P, Event> && reacts_alone<P, Event>)
        return reacts_at<P, any_event> && !reacts_alone<P, any_event>;
    else
        return reacts_alone<P, Event>;
}

constexpr bool is_process_name(std::string_view name) {
    return name != system_category && !name.empty() && name.size() <= 64 && std::ranges::all_of(name, [](char c) {
               return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_';
           });
}

template <class P, class Event>
consteval bool check_process_event() {
    check_location<P, Event>();
    static_assert(!evolves_process_otherwise<P, Event>,
                  "`evolve` of this event has another form: make it `void evolve(const Event& event);`");
    static_assert(evolves_process<P, Event> || evolves_process_otherwise<P, Event>,
                  "this event is in the `events` of the process: add a public `void evolve(const Event& event);` that "
                  "takes it");
    static_assert(!reacts_otherwise<P, Event>,
                  "`react` to this event has another form: make it "
                  "`stele::reaction<Process> react(const Event& event) const;`");
    static_assert(reacts<P, Event> || reacts_otherwise<P, Event>,
                  "this event is in the `events` of the process: add a public "
                  "`stele::reaction<Process> react(const Event& event) const;` that takes it");
    return locates<P, Event> && evolves_process<P, Event> && reacts<P, Event>;
}

template <class P, class Command>
consteval bool check_process_command() {
    static_assert(std::derived_from<Command, google::protobuf::Message>,
                  "each type in `commands` must be a generated Protobuf message, and its .pb.h included");
    static_assert(!evolves_rejected_otherwise<P, Command>,
                  "`evolve` of this rejected command has another form: make it "
                  "`void evolve(const stele::rejected<Command>& rejected);`");
    static_assert(evolves_rejected<P, Command> || evolves_rejected_otherwise<P, Command>,
                  "this command may be rejected: add to the process a public "
                  "`void evolve(const stele::rejected<Command>& rejected);` that takes it");
    static_assert(!reacts_to_rejected_otherwise<P, Command>,
                  "`react` to this rejected command has another form: make it "
                  "`stele::reaction<Process> react(const stele::rejected<Command>& rejected) const;`");
    static_assert(reacts_to_rejected<P, Command> || reacts_to_rejected_otherwise<P, Command>,
                  "this command may be rejected: add to the process a public "
                  "`stele::reaction<Process> react(const stele::rejected<Command>& rejected) const;` that takes it");
    return evolves_rejected<P, Command> && reacts_to_rejected<P, Command>;
}

/// Checks that P is a process manager.
template <class P>
consteval bool check_process() {
    static_assert(std::default_initializable<P>,
                  "a process needs a default constructor: it makes the state before the first event");
    static_assert(has_process_name<P>,
                  "add to the process its name as a public member: `static constexpr auto name = \"…\";`");
    static_assert(lists_events<P>,
                  "add the events to the process as a public member: `static constexpr auto events = "
                  "hana::tuple_t<First, Second>;`");
    static_assert(lists_process_commands<P>,
                  "add the commands to the process as a public member: `static constexpr auto commands = "
                  "hana::tuple_t<First, Second>;`");
    if constexpr (has_process_name<P> && lists_events<P> && lists_process_commands<P>) {
        static_assert(is_process_name(P::name),
                      "the name of a process begins the names of its journals: 1 to 64 letters, digits and '_', and "
                      "not \"stele\"");
        static_assert(sizeof(as_type_list(P::events)) > 0);    // no type twice
        static_assert(sizeof(as_type_list(P::commands)) > 0);  // no type twice
        static_assert(check_starts<P>());
        return with_types(P::events, []<class... E>() { return (check_process_event<P, E>() && ...); }) &&
               with_types(P::commands, []<class... C>() { return (check_process_command<P, C>() && ...); });
    }
    return false;
}

template <class P, class Event>
void evolve_process(void* state, const Event& event, const recorded_event& at) {
    call_handler([&] {
        if constexpr (evolves_by_event<P, Event>())
            static_cast<P*>(state)->evolve(event);
        else
            static_cast<P*>(state)->evolve(event, at);
    });
}

template <class P, class Event>
reaction_actions react_process(const void* state, const Event& event, const recorded_event& at) {
    return call_handler([&] {
        if constexpr (reacts_by_event<P, Event>())
            return static_cast<const P*>(state)->react(event).actions();
        else
            return static_cast<const P*>(state)->react(event, at).actions();
    });
}

/// Sends each event to `instance`, `evolve` and `react`. The context is a process_visit.
template <class P>
struct process_binding {
    static constexpr bool skips_others = true;
    static std::string consumer() { return "process \"" + std::string{P::name} + "\""; }

    template <class Event>
    static void handle(void* context, const google::protobuf::Message& message, const recorded_event& at) {
        if constexpr (check_process_event<P, Event>()) {
            auto& visit = *static_cast<process_visit*>(context);
            const auto& event = static_cast<const Event&>(message);
            const auto instances = instances_of<P>(event, at);
            if (visit.state == nullptr) {
                for (const auto& instance : instances) visit.add_instance(instance, may_start<P, Event>());
                return;
            }
            if (std::ranges::find(instances, visit.instance) == instances.end()) return;
            evolve_process<P>(visit.state, event, at);
            if (visit.wants_reaction) visit.add(react_process<P>(visit.state, event, at));
        }
    }
};

template <class P, class Command>
process_command define_process_command() {
    using google::protobuf::Message;
    return {.prototype = &Command::default_instance(),
            .evolve =
                [](void* state, const Message& command, const rejection& reason) {
                    const rejected<Command> outcome{static_cast<const Command&>(command), reason};
                    call_handler([&] { static_cast<P*>(state)->evolve(outcome); });
                },
            .react =
                [](const void* state, const Message& command, const rejection& reason) {
                    const rejected<Command> outcome{static_cast<const Command&>(command), reason};
                    return call_handler([&] { return static_cast<const P*>(state)->react(outcome).actions(); });
                }};
}

/// Checks P and describes it.
template <class P>
process_definition define_process() {
    if constexpr (check_process<P>()) {
        process_definition definition{
            .name = P::name,
            .events = &event_table_of<P, process_binding<P>>(),
            .commands = with_types(P::commands,
                                   []<class... Commands>() {
                                       return std::vector<process_command>{define_process_command<P, Commands>()...};
                                   }),
            .on_fault = on_fault_of<P>(std::optional<stele::on_fault>{}),
            .make = [] { return own_state(new P{}); },
            .lists_starts = lists_starts<P>};
        compare_states<P>(definition);
        return definition;
    }
    return {};
}

/// Checks that a bus whose aggregates are known decides all commands of P.
template <class P, class Bus>
consteval void check_process_bus() {
    if constexpr (has_process_name<P> && requires { Bus::has_category(std::string_view{}); })
        static_assert(!Bus::has_category(P::name),
                      "this process has the name of an aggregate's category: its journals would be in that aggregate's "
                      "streams; rename one of them");
    if constexpr (lists_process_commands<P> && requires { Bus::template lists<void>; })
        with_types(P::commands, []<class... Commands>() {
            static_assert((Bus::template lists<Commands> && ...),
                          "no aggregate of this command_bus decides this command of the process: add to the "
                          "command_bus the aggregate that lists it in its `commands`");
        });
}

}  // namespace stele::inline v0::detail
