#pragma once

#include <stele/aggregates/decision.hpp>
#include <stele/codec/detail/event_entries.hpp>
#include <stele/codec/detail/other_form.hpp>
#include <stele/eventstore/stream.hpp>

#include <concepts>
#include <memory>
#include <string>
#include <string_view>
#include <type_traits>

/// What makes a struct an aggregate, checked at compile time. Each check is a sentence that says what to add, and comes
/// before the place where the compiler would complain in its own words.
namespace stele::inline v0::detail {

template <class Aggregate>
concept has_category = requires { std::string_view{Aggregate::category}; };

/// Whether it is known when compiling.
template <class Aggregate>
concept has_constant_category =
    requires { typename std::bool_constant<std::string_view{Aggregate::category}.empty()>; };

struct has_boundary_name {
    void boundary();
};
template <class Model>
struct with_boundary_name : Model, has_boundary_name {};
/// Whether there is any `boundary`: then the name stands for two functions here. A final class cannot be asked.
template <class Model>
concept names_boundary =
    std::is_class_v<Model> && !std::is_final_v<Model> && !requires { &with_boundary_name<Model>::boundary; };

/// Decision models are told from aggregates by their boundary.
template <class Model>
concept is_decision_model = !has_category<Model> && names_boundary<Model>;

template <class Aggregate>
concept lists_commands = requires { Aggregate::commands; };

template <class Aggregate, class Event>
concept evolves = requires(Aggregate& state, const Event& event) {
    { state.evolve(event) } -> std::same_as<void>;
};

template <class Aggregate, class Command>
concept decides = requires(const Aggregate& state, const Command& command) {
    { state.decide(command) } -> std::convertible_to<decision<Aggregate>>;
};

// What is there but does not fit gets a sentence of its own: to add it would not help.
template <class Aggregate, class Event>
concept evolves_otherwise =
    !evolves<Aggregate, Event> && called_otherwise<evolve_call, Aggregate, Event, recorded_event>;

template <class Aggregate, class Command>
concept decides_if_not_const = !decides<Aggregate, Command> && requires(Aggregate& state, const Command& command) {
    { state.decide(command) } -> std::convertible_to<decision<Aggregate>>;
};

template <class Aggregate, class Command>
concept decides_otherwise = !decides<Aggregate, Command> && !decides_if_not_const<Aggregate, Command> &&
                            called_otherwise<decide_call, Aggregate, Command>;

template <class Aggregate, class Command>
concept targets = requires(const Command& command) {
    { Aggregate::instance_id(command) } -> std::convertible_to<std::string_view>;
};

template <class Aggregate, class Command>
concept targets_otherwise = !targets<Aggregate, Command> && called_otherwise<instance_id_call, Aggregate, Command>;

constexpr bool is_category(std::string_view name) {
    return !name.empty() && name != system_category && category_of(name) == name;
}

template <class Aggregate, class Event>
consteval void check_event() {
    static_assert(!evolves_otherwise<Aggregate, Event>,
                  "`evolve` changes the state and returns nothing: make it `void evolve(const Event& event);`");
    static_assert(evolves<Aggregate, Event> || evolves_otherwise<Aggregate, Event>,
                  "this event is in the `events` of the aggregate: add a public `void evolve(const Event& event);` "
                  "that takes it");
}

template <class Aggregate, class Command>
consteval void check_command() {
    static_assert(std::derived_from<Command, google::protobuf::Message>,
                  "each type in `commands` must be a generated Protobuf message, and its .pb.h included");
    static_assert(!targets_otherwise<Aggregate, Command>,
                  "make `instance_id` a static function that takes the command by const reference and returns a text: "
                  "it is called before there is a state");
    static_assert(
        targets<Aggregate, Command> || targets_otherwise<Aggregate, Command>,
        "add a public `static std::string_view instance_id(const auto& command)` to the aggregate: it returns "
        "the id of the instance that the command is for, such as `command.account()`");
    static_assert(!decides_if_not_const<Aggregate, Command>,
                  "make `decide` of this command const: it looks at the state, and only `evolve` changes it");
    static_assert(!decides_otherwise<Aggregate, Command>,
                  "`decide` of this command has another form: make it "
                  "`stele::decision<Aggregate> decide(const Command& command) const;`");
    static_assert(decides<Aggregate, Command> || decides_if_not_const<Aggregate, Command> ||
                      decides_otherwise<Aggregate, Command>,
                  "this command is in the `commands` of the aggregate: add a public "
                  "`stele::decision<Aggregate> decide(const Command& command) const;` that takes it");
}

/// What is done with the stream of an aggregate.
template <class Aggregate>
consteval void check_has_stream() {
    static_assert(!is_decision_model<Aggregate>,
                  "this is a decision model (it has a `boundary`), which has no stream and no instances: send its "
                  "commands with stele::command_bus, look at its state with `stele::load<Model>(store, command)`, and "
                  "test it with `stele::given<Model>(events…).when(command)`");
}

/// What is needed to fold events.
template <class Aggregate>
consteval bool check_state() {
    check_has_stream<Aggregate>();
    static_assert(std::default_initializable<Aggregate>,
                  "an aggregate needs a default constructor: it makes the state before the first event");
    static_assert(has_category<Aggregate> || is_decision_model<Aggregate>,
                  "add the category to the aggregate as a public member, `static constexpr auto category = "
                  "\"account\";`: it begins the names of its streams");
    static_assert(has_constant_category<Aggregate> || !has_category<Aggregate>,
                  "make the category of the aggregate a constant: `static constexpr auto category = \"account\";`");
    static_assert(lists_events<Aggregate>,
                  "add the events to the aggregate as a public member: `static constexpr auto events = "
                  "hana::tuple_t<First, Second>;`");
    if constexpr (has_constant_category<Aggregate> && lists_events<Aggregate>) {
        static_assert(is_category(Aggregate::category),
                      "change the category of the aggregate: it must not be empty, contain '-' or be \"stele\"");
        static_assert(sizeof(as_type_list(Aggregate::events)) > 0);  // no type twice
        with_types(Aggregate::events, []<class... Events>() { (check_event<Aggregate, Events>(), ...); });
    }
    return true;
}

/// What is needed to decide commands.
template <class Aggregate>
consteval bool check_aggregate() {
    static_assert(lists_commands<Aggregate>,
                  "add the commands to the aggregate as a public member: `static constexpr auto commands = "
                  "hana::tuple_t<First, Second>;`");
    if constexpr (check_state<Aggregate>() && lists_commands<Aggregate>) {
        static_assert(sizeof(as_type_list(Aggregate::commands)) > 0);  // no type twice
        with_types(Aggregate::commands, []<class... Commands>() { (check_command<Aggregate, Commands>(), ...); });
    }
    return true;
}

/// Sends each event to `evolve`.
template <class Aggregate>
struct evolve_binding {
    static std::string consumer() { return "aggregate \"" + std::string{Aggregate::category} + "\""; }

    template <class Event>
    static void handle(void* state, const google::protobuf::Message& event, const recorded_event&) {
        if constexpr (evolves<Aggregate, Event>)
            static_cast<Aggregate*>(state)->evolve(static_cast<const Event&>(event));
    }
};

template <class Aggregate>
const event_table& evolve_table() {
    static_assert(check_state<Aggregate>());
    return event_table_of<Aggregate, evolve_binding<Aggregate>>();
}

/// Resets the state to the one before the first event. An aggregate need not be assignable.
template <class Aggregate>
void restart(void* state) {
    auto* aggregate = static_cast<Aggregate*>(state);
    std::destroy_at(aggregate);
    std::construct_at(aggregate);
}

/// Calls `decide` for one command.
template <class Aggregate, class Command>
any_decision decide(const void* state, const google::protobuf::Message& command) {
    return decision_access::take<Aggregate>(
        static_cast<const Aggregate*>(state)->decide(static_cast<const Command&>(command)));
}

}  // namespace stele::inline v0::detail
