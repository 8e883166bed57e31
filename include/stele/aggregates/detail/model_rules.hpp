#pragma once

#include <stele/aggregates/decision_model.hpp>
#include <stele/aggregates/detail/aggregate_rules.hpp>
#include <stele/aggregates/detail/any_model.hpp>
#include <stele/codec/detail/event_entries.hpp>
#include <stele/codec/detail/event_tags.hpp>

#include <array>
#include <concepts>
#include <string>
#include <string_view>
#include <tuple>
#include <type_traits>
#include <typeinfo>
#include <utility>
#include <vector>

/// What makes a struct a decision model, checked at compile time as an aggregate is (aggregate_rules.hpp).
namespace stele::inline v0::detail {

// What a boundary may be: one choice, which the model itself folds, or parts.
template <class Type>
struct is_parts : std::false_type {};
template <class... Parts>
struct is_parts<model_parts<Parts...>> : std::true_type {};

template <class Type>
concept makes_boundary = makes_choice<Type> || is_parts<Type>::value;

template <class Model, class Command>
concept bounds = requires(const Command& command) {
    { Model::boundary(command) } -> makes_boundary;
};
template <class Model, class Command>
concept bounds_something = requires(const Command& command) { Model::boundary(command); };
template <class Model, class Command>
concept bounds_otherwise = !bounds_something<Model, Command> && called_otherwise<boundary_call, Model, Command>;

template <class Model, class Command>
using boundary_of = decltype(Model::boundary(std::declval<const Command&>()));
template <class Model, class Command>
concept in_parts = is_parts<boundary_of<Model, Command>>::value;

template <class Model, class Command>
concept bounds_bare_list =
    bounds_something<Model, Command> && is_bare_list<std::remove_cvref_t<boundary_of<Model, Command>>>::value;

template <class Model, class Command>
concept names_stream = requires(const Command& command) {
    { Model::stream(command) } -> std::convertible_to<stream_id>;
};
template <class Model, class Command>
concept names_stream_otherwise =
    !names_stream<Model, Command> && requires(Model& model, const Command& command) { model.stream(command); };

/// Whether an event may carry all keys of a set, and so be found by it.
template <class Event, class Set>
struct carries_all : std::false_type {};
template <class Event, class... Keys>
struct carries_all<Event, tag_set<Keys...>> : std::bool_constant<(carries<Event, Keys> && ...)> {};
template <class Event, class Set>
struct carries_all<Event, any_number<Set>> : carries_all<Event, Set> {};

template <class Event, class Choice>
struct found_by : std::false_type {};
template <class Event, class... Sets>
struct found_by<Event, tag_choice<Sets...>> : std::bool_constant<(carries_all<Event, Sets>::value || ...)> {};

/// Whether a set finds any event of a list.
template <class Set, class Fold>
consteval bool finds_any() {
    return with_types(Fold::events, []<class... Events>() { return (carries_all<Events, Set>::value || ...); });
}

template <class Fold, class Set>
consteval void check_set() {
    static_assert(finds_any<Set, Fold>(),
                  "no event in the `events` of this model, or part, carries the tags that its boundary names: it would "
                  "fold nothing. Name a tag that `tags_of` of an event returns, or add the tag there");
}
template <class Fold, class... Sets>
consteval void check_sets(std::type_identity<tag_choice<Sets...>>) {
    (check_set<Fold, Sets>(), ...);
}

template <class Fold, class Event>
consteval void check_folded() {
    static_assert(!evolves_otherwise<Fold, Event>,
                  "`evolve` changes the state and returns nothing: make it `void evolve(const Event& event);`");
    static_assert(evolves<Fold, Event> || evolves_otherwise<Fold, Event>,
                  "this event is in the `events` of a decision model, or of a part of one: add a public `void "
                  "evolve(const Event& event);` that takes it");
}

/// Checks something that folds the events of a choice: a part, or a model without parts.
template <class Fold, class Choice>
consteval bool check_fold() {
    static_assert(lists_events<Fold>,
                  "add the events to the decision model, or the part of one, as a public member: `static constexpr "
                  "auto events = hana::tuple_t<First, Second>;`");
    if constexpr (lists_events<Fold>) {
        static_assert(sizeof(as_type_list(Fold::events)) > 0);  // no type twice
        with_types(Fold::events, []<class... Events>() {
            (use_tags<Events>(), ...);
            (check_folded<Fold, Events>(), ...);
        });
        check_sets<Fold>(std::type_identity<Choice>{});
    }
    return true;
}

template <class Event, class Choice>
consteval void check_reached() {
    static_assert(
        found_by<Event, Choice>::value,
        "this event is in the `events` of a part, and carries none of the tags that the boundary names for it, "
        "so the part never gets it: add the tag to its `tags_of`, or take the event out");
}

template <class Model, class Owner, class Part, class Choice>
consteval bool check_part(std::type_identity<model_part<Owner, Part, Choice>>) {
    static_assert(std::derived_from<Model, Owner>,
                  "stele::part names a member of another struct: name one of this model");
    if constexpr (lists_events<Part>)
        with_types(Part::events, []<class... Events>() { (check_reached<Events, Choice>(), ...); });
    return check_fold<Part, Choice>();
}
template <class Model, class... Parts>
consteval bool check_boundary(std::type_identity<model_parts<Parts...>>) {
    return (check_part<Model>(std::type_identity<Parts>{}) && ...);
}
template <class Model, class Choice>
consteval bool check_boundary(std::type_identity<Choice>) {
    return check_fold<Model, decltype(as_choice(std::declval<const Choice&>()))>();
}

template <class Model, class Command>
consteval void check_model_command() {
    static_assert(std::derived_from<Command, google::protobuf::Message>,
                  "each type in `commands` must be a generated Protobuf message, and its .pb.h included");
    static_assert(!bounds_otherwise<Model, Command>,
                  "make `boundary` a static function that takes the command by const reference: it is called before "
                  "there is a state");
    static_assert(
        bounds_something<Model, Command> || bounds_otherwise<Model, Command>,
        "add a public `static auto boundary(const Command& command)` to the decision model: it returns the tag "
        "of the events that this command is decided on, such as `course_tag(command.course())`");
    if constexpr (bounds_something<Model, Command>)
        check_one_or_all<std::remove_cvref_t<boundary_of<Model, Command>>>();
    static_assert(bounds<Model, Command> || bounds_bare_list<Model, Command> || !bounds_something<Model, Command>,
                  "`boundary` returns something else than tags: return one that a stele::tag_key has made, "
                  "`course_tag(command.course())`, or stele::tags, stele::any_of or stele::parts");
    static_assert(!names_stream_otherwise<Model, Command>,
                  "`stream` of this command has another form: make it `static stele::stream_id stream(const Command& "
                  "command);`");
    static_assert(!decides_if_not_const<Model, Command>,
                  "make `decide` of this command const: it looks at the state, and only `evolve` changes it");
    static_assert(!decides_otherwise<Model, Command>,
                  "`decide` of this command has another form: make it "
                  "`stele::decision<Model> decide(const Command& command) const;`");
    static_assert(decides<Model, Command> || decides_if_not_const<Model, Command> || decides_otherwise<Model, Command>,
                  "this command is in the `commands` of the decision model: add a public "
                  "`stele::decision<Model> decide(const Command& command) const;` that takes it");
    if constexpr (bounds<Model, Command>) check_boundary<Model>(std::type_identity<boundary_of<Model, Command>>{});
}

template <class Model>
consteval bool check_model() {
    static_assert(std::default_initializable<Model>,
                  "a decision model needs a default constructor: it makes the state before the first event");
    static_assert(lists_events<Model>,
                  "add the events to the decision model as a public member: `static constexpr auto events = "
                  "hana::tuple_t<First, Second>;`");
    static_assert(lists_commands<Model>,
                  "add the commands to the decision model as a public member: `static constexpr auto commands = "
                  "hana::tuple_t<First, Second>;`");
    if constexpr (lists_events<Model> && lists_commands<Model>) {
        static_assert(sizeof(as_type_list(Model::events)) > 0);    // no type twice
        static_assert(sizeof(as_type_list(Model::commands)) > 0);  // no type twice
        with_types(Model::commands, []<class... Commands>() { (check_model_command<Model, Commands>(), ...); });
    }
    return true;
}

/// Sends each event to `evolve` of a model or a part.
template <class Fold>
struct model_binding {
    static std::string consumer() { return "decision model " + cxx_name_of(typeid(Fold)); }

    template <class Event>
    static void handle(void* state, const google::protobuf::Message& event, const recorded_event&) {
        if constexpr (evolves<Fold, Event>) static_cast<Fold*>(state)->evolve(static_cast<const Event&>(event));
    }
};

template <class Fold>
model_fold fold_into(Fold& state, std::vector<tag_list> any_of) {
    return {&event_table_of<Fold, model_binding<Fold>>(), &state, std::move(any_of)};
}

/// What `boundary` returned, drawn around a state.
template <class Model, class... Parts>
std::vector<model_fold> folds_of(Model& state, const model_parts<Parts...>& parts) {
    std::vector<model_fold> folds;
    std::apply([&](const auto&... each) { (folds.push_back(fold_into(state.*each.member, each.choice.sets())), ...); },
               parts.all);
    return folds;
}
template <class Model, makes_choice Tags>
std::vector<model_fold> folds_of(Model& state, const Tags& tags) {
    return {fold_into(state, as_choice(tags).sets())};
}

template <class Model, class Command>
std::vector<model_fold> scope_of(const google::protobuf::Message& command, void* state) {
    return folds_of(*static_cast<Model*>(state), Model::boundary(static_cast<const Command&>(command)));
}

template <class Model>
const model_type& model_type_of() {
    static const model_type type{.name = cxx_name_of(typeid(Model)),
                                 .make = []() -> void* { return new Model{}; },
                                 .destroy = [](void* state) noexcept { delete static_cast<Model*>(state); }};
    return type;
}

}  // namespace stele::inline v0::detail
