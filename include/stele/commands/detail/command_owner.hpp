#pragma once

#include <stele/aggregates/detail/aggregate_rules.hpp>

#include <string_view>
#include <type_traits>

/// Which aggregate of several decides a command.
namespace stele::inline v0::detail {

template <class Aggregate, class Command>
concept decides_listed = listed_in<Command, decltype(Aggregate::commands)>;

template <class Command, class First, class... Rest>
struct find_owner : find_owner<Command, Rest...> {};

template <class Command, class First, class... Rest>
    requires decides_listed<First, Command>
struct find_owner<Command, First, Rest...> {
    using type = First;
};

template <class Command, class... Aggregates>
using owner_of = typename find_owner<Command, Aggregates...>::type;

template <class Command, class... Aggregates>
consteval void check_one_owner() {
    static_assert((static_cast<int>(decides_listed<Aggregates, Command>) + ...) == 1,
                  "two aggregates of this command_bus list the same command: leave it in the `commands` of the one "
                  "that is to decide it");
}

template <class Aggregate, class... Aggregates>
consteval void check_category() {
    static_assert((static_cast<int>(std::string_view{Aggregate::category} == Aggregates::category) + ...) == 1,
                  "two aggregates of this command_bus have the same category, and would write to the same streams: "
                  "give each its own `category`");
}

/// What the aggregates of one bus must keep among themselves.
template <class... Aggregates>
consteval bool check_together() {
    static_assert(sizeof...(Aggregates) > 0, "name the aggregates of the bus: stele::command_bus<account> bus{store};");
    (check_category<Aggregates, Aggregates...>(), ...);
    (with_types(Aggregates::commands, []<class... Commands>() { (check_one_owner<Commands, Aggregates...>(), ...); }),
     ...);
    return true;
}

}  // namespace stele::inline v0::detail
