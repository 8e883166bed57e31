#pragma once

#include <boost/hana/tuple.hpp>
#include <boost/hana/type.hpp>

#include <type_traits>
#include <utility>

/// Lists of types, `hana::tuple_t<A, B>`, perhaps with upcasters, and questions about them.
namespace stele::inline v0::detail {

/// A list of events with the upcasters that lead to them: the result of stele::upcast_by.
template <class Events, class... Upcasters>
struct upcast_list {
    Events events;
};

/// One base per type of a list makes "is it in the list" a single question to the compiler instead of a search.
template <class T>
struct stands_once_in_its_list {};
template <class... Types>
struct type_list : stands_once_in_its_list<Types>... {};

template <class... Types>
type_list<typename Types::type...> as_type_list(const boost::hana::tuple<Types...>&);
template <class Events, class... Upcasters>
auto as_type_list(const upcast_list<Events, Upcasters...>& list) -> decltype(as_type_list(list.events));

/// For anything else: the one error is a sentence.
template <class Other>
auto as_type_list(const Other&) {
    static_assert(sizeof(Other) == 0, "this is no list of types: make it `hana::tuple_t<First, Second>`");
    return type_list<>{};
}

template <class Type, class Tuple>
concept listed_in =
    std::is_base_of_v<stands_once_in_its_list<Type>, decltype(as_type_list(std::declval<const Tuple&>()))>;

/// Turns `hana::tuple_t<A, B>` into a call of `function.template operator()<A, B>()`.
template <class... Types, class Function>
constexpr auto with_types(const boost::hana::tuple<Types...>&, Function&& function) {
    return function.template operator()<typename Types::type...>();
}
template <class Events, class... Upcasters, class Function>
constexpr auto with_types(const upcast_list<Events, Upcasters...>& list, Function&& function) {
    return with_types(list.events, std::forward<Function>(function));
}

}  // namespace stele::inline v0::detail
