#pragma once

#include <stele/eventstore/event.hpp>

#include <concepts>
#include <utility>

/// Handlers that are there, but not in the form that is wanted: to add one would not help, to change it does.
namespace stele::inline v0::detail {

/// Whether Object has a function that takes Argument in any way, by a reference through which it may change it for
/// example, and whatever it returns; with the further arguments or without them. Ask it only about what does not have
/// the form that is wanted: that of a generic function that returns `auto` compiles its body.
template <class Call, class Object, class Argument, class... More>
concept called_otherwise =
    std::invocable<Call, Object&, Argument&, More&...> || std::invocable<Call, Object&, Argument, More&...> ||
    std::invocable<Call, Object&, Argument&> || std::invocable<Call, Object&, Argument>;

/// The calls that may be asked about.
struct evolve_call {
    template <class Object, class... Arguments>
    auto operator()(Object& object, Arguments&&... arguments) const
        -> decltype(object.evolve(std::forward<Arguments>(arguments)...));
};
struct decide_call {
    template <class Object, class... Arguments>
    auto operator()(Object& object, Arguments&&... arguments) const
        -> decltype(object.decide(std::forward<Arguments>(arguments)...));
};
struct react_call {
    template <class Object, class... Arguments>
    auto operator()(Object& object, Arguments&&... arguments) const
        -> decltype(object.react(std::forward<Arguments>(arguments)...));
};
struct instance_id_call {
    template <class Object, class... Arguments>
    auto operator()(Object& object, Arguments&&... arguments) const
        -> decltype(object.instance_id(std::forward<Arguments>(arguments)...));
};
struct boundary_call {
    template <class Object, class... Arguments>
    auto operator()(Object& object, Arguments&&... arguments) const
        -> decltype(object.boundary(std::forward<Arguments>(arguments)...));
};
struct project_call {
    template <class Object, class... Arguments>
    auto operator()(Object& object, Arguments&&... arguments) const
        -> decltype(object.project(std::forward<Arguments>(arguments)...));
};
struct effect_call {
    template <class Object, class... Arguments>
    auto operator()(Object& object, Arguments&&... arguments) const
        -> decltype(object.effect(std::forward<Arguments>(arguments)...));
};
struct create_call {
    template <class Object, class... Arguments>
    auto operator()(Object& object, Arguments&&... arguments) const
        -> decltype(object.create(std::forward<Arguments>(arguments)...));
};
struct restore_call {
    template <class Object, class... Arguments>
    auto operator()(Object& object, Arguments&&... arguments) const
        -> decltype(object.restore(std::forward<Arguments>(arguments)...));
};
struct upcast_call {
    template <class Object, class... Arguments>
    auto operator()(Object& object, Arguments&&... arguments) const
        -> decltype(object.upcast(std::forward<Arguments>(arguments)...));
};

}  // namespace stele::inline v0::detail
