#pragma once

#include <stele/aggregates/aggregate.hpp>
#include <stele/aggregates/detail/aggregate_rules.hpp>
#include <stele/aggregates/detail/any_aggregate.hpp>
#include <stele/aggregates/detail/any_model.hpp>
#include <stele/aggregates/detail/model_rules.hpp>
#include <stele/aggregates/detail/model_stream.hpp>

#include <cstddef>
#include <string_view>
#include <utility>
#include <vector>

/// The commands of a bus: how each finds its aggregate, and what is checked at compile time.
namespace stele::inline v0::detail {

/// One type of command, and the aggregate or the decision model that decides it.
struct command_definition {
    const google::protobuf::Message* prototype;  ///< Of a message generated into the program.
    const aggregate_type* aggregate;             ///< Null: a decision model decides it.
    /// The stream of the instance that the command names, or that gets the events.
    stream_id (*stream)(const google::protobuf::Message& command);
    any_decision (*decide)(const void* state, const google::protobuf::Message& command);
    const model_type* model = nullptr;  ///< Null: an aggregate decides it.
    model_scope scope = nullptr;        ///< The boundary of the command, for a model.
};

/// All commands of a bus, by type and by name. Constant once made; any thread may read it.
class command_table {
public:
    explicit command_table(std::vector<command_definition> commands);

    /// Returns nullptr if there is no such command.
    [[nodiscard]] const command_definition* find(const google::protobuf::Descriptor& type) const;

    /// Throws stele::error (invalid_argument), with similar names, if there is no such command.
    [[nodiscard]] const command_definition& get(std::string_view type) const;

private:
    std::vector<command_definition> commands_;  // in the order of names
    std::vector<std::pair<const google::protobuf::Descriptor*, std::size_t>> by_type_;
};

/// Returns the stream `category-id`; an id that makes no stream name is the fault of the command, which the error
/// names.
stream_id stream_of_command(const google::protobuf::Message& command, std::string_view category, std::string_view id);

template <class Aggregate, class Command>
concept decides_listed = listed_in<Command, decltype(Aggregate::commands)>;

template <class Command, class... Aggregates>
consteval void check_one_owner() {
    static_assert((static_cast<int>(decides_listed<Aggregates, Command>) + ...) == 1,
                  "two aggregates of this command_bus list the same command: leave it in the `commands` of the one "
                  "that decides it");
}

/// Whether the streams of this aggregate begin with `name` and '-'. A decision model has none of its own.
template <class Aggregate>
constexpr bool has_category_named(std::string_view name) {
    if constexpr (has_constant_category<Aggregate>)
        return std::string_view{Aggregate::category} == name;
    else
        return false;
}

/// Whether what a model decides can be folded by an aggregate.
template <class Model, class Aggregate>
consteval bool folds_events_of() {
    return with_types(Model::events, []<class... Events>() { return (event_of<Events, Aggregate> && ...); });
}

/// The events of a model must not go to the streams of an aggregate that does not know them.
template <class Model, class Command, class Aggregate>
consteval void check_streams_apart() {
    if constexpr (has_constant_category<Aggregate> && bounds<Model, Command> && !names_stream<Model, Command>)
        static_assert(!goes_to<Model, Command>(Aggregate::category) || folds_events_of<Model, Aggregate>(),
                      "the events of this decision model go to the streams of the first tag of its boundary, which are "
                      "those of an aggregate that does not list them in its `events`: add them there, or name another "
                      "stream in the model, `static stele::stream_id stream(const auto& command)`");
}

template <class Aggregate, class... Aggregates>
consteval void check_category() {
    if constexpr (has_constant_category<Aggregate>)
        static_assert((static_cast<int>(has_category_named<Aggregates>(Aggregate::category)) + ...) == 1,
                      "two aggregates of this command_bus have the same category, and would write to the same streams: "
                      "give each its own `category`");
    if constexpr (is_decision_model<Aggregate>)
        with_types(Aggregate::commands, []<class... Commands>() {
            const auto apart_from_all = []<class Command>() {
                (check_streams_apart<Aggregate, Command, Aggregates>(), ...);
            };
            (apart_from_all.template operator()<Commands>(), ...);
        });
}

/// What is needed to decide commands.
template <class Aggregate>
consteval bool check_decider() {
    static_assert(!has_category<Aggregate> || !names_boundary<Aggregate>,
                  "this struct has a `category`, as an aggregate, and a `boundary`, as a decision model: leave one of "
                  "them out");
    if constexpr (is_decision_model<Aggregate>)
        return check_model<Aggregate>();
    else
        return check_aggregate<Aggregate>();
}

/// What must hold between the aggregates of one bus.
template <class... Aggregates>
consteval bool check_together() {
    static_assert(sizeof...(Aggregates) > 0, "name the aggregates of the bus: stele::command_bus<account> bus{store};");
    (check_category<Aggregates, Aggregates...>(), ...);
    (with_types(Aggregates::commands, []<class... Commands>() { (check_one_owner<Commands, Aggregates...>(), ...); }),
     ...);
    return true;
}

template <class Aggregate, class Command>
command_definition define_command() {
    if constexpr (is_decision_model<Aggregate>)
        return {.prototype = &Command::default_instance(),
                .aggregate = nullptr,
                .stream = &stream_of_model<Aggregate, Command>,
                .decide = &decide<Aggregate, Command>,
                .model = &model_type_of<Aggregate>(),
                .scope = &scope_of<Aggregate, Command>};
    else
        return {.prototype = &Command::default_instance(),
                .aggregate = &aggregate_type_of<Aggregate>(),
                .stream =
                    [](const google::protobuf::Message& command) {
                        return stream_of_command(command, Aggregate::category,
                                                 Aggregate::instance_id(static_cast<const Command&>(command)));
                    },
                .decide = &decide<Aggregate, Command>};
}

template <class Aggregate>
void define_commands(std::vector<command_definition>& commands) {
    with_types(Aggregate::commands,
               [&]<class... Commands>() { (commands.push_back(define_command<Aggregate, Commands>()), ...); });
}

/// The table of a bus: built on first use.
template <class... Aggregates>
const command_table& command_table_of() {
    static const command_table table{[] {
        std::vector<command_definition> commands;
        (define_commands<Aggregates>(commands), ...);
        return commands;
    }()};
    return table;
}

}  // namespace stele::inline v0::detail
