#pragma once

#include <boost/hana/tuple.hpp>
#include <boost/hana/type.hpp>
#include <boost/hana/unpack.hpp>

#include <type_traits>
#include <utility>

/// Lists of types, `hana::tuple_t<A, B>`, and questions about them.
namespace stele::inline v0::detail {

/// One base per type of a list makes "is it in the list" a single question to the compiler instead of a search.
template <class T>
struct stands_once_in_its_list {};
template <class... Types>
struct type_list : stands_once_in_its_list<Types>... {};

template <class... Types>
type_list<typename Types::type...> as_type_list(const boost::hana::tuple<Types...>&);

template <class Type, class Tuple>
concept listed_in =
    std::is_base_of_v<stands_once_in_its_list<Type>, decltype(as_type_list(std::declval<const Tuple&>()))>;

/// Turns `hana::tuple_t<A, B>` into a call of `function.template operator()<A, B>()`.
template <class Tuple, class Function>
constexpr auto with_types(const Tuple& types, Function&& function) {
    return boost::hana::unpack(types, [&]<class... Types>(const Types&...) {
        return function.template operator()<typename Types::type...>();
    });
}

}  // namespace stele::inline v0::detail
