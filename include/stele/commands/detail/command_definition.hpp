#pragma once

#include <stele/aggregates/aggregate.hpp>
#include <stele/aggregates/detail/aggregate_rules.hpp>
#include <stele/aggregates/detail/any_aggregate.hpp>

#include <cstddef>
#include <string_view>
#include <utility>
#include <vector>

/// The commands of a bus: how each finds its aggregate, and what is checked at compile time.
namespace stele::inline v0::detail {

/// One type of command and the aggregate that decides it.
struct command_definition {
    const google::protobuf::Message* prototype;  ///< Of a message generated into the program.
    const aggregate_type* aggregate;
    /// The stream of the instance that the command names.
    stream_id (*stream)(const google::protobuf::Message& command);
    any_decision (*decide)(const void* state, const google::protobuf::Message& command);
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

template <class Aggregate, class... Aggregates>
consteval void check_category() {
    static_assert((static_cast<int>(std::string_view{Aggregate::category} == Aggregates::category) + ...) == 1,
                  "two aggregates of this command_bus have the same category, and would write to the same streams: "
                  "give each its own `category`");
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
