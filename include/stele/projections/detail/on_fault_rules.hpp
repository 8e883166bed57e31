#pragma once

#include <stele/projections/dead_letter.hpp>

#include <concepts>
#include <type_traits>

/// What a projection, a process or a subscription says in `on_fault`, checked at compile time.
namespace stele::inline v0::detail {

template <class P>
concept declares_on_fault = requires { P::on_fault; };

// A pointer to a member, which is not static, converts to no such pointer.
template <class P>
concept has_on_fault = requires { requires std::convertible_to<decltype(&P::on_fault), const stele::on_fault*>; } &&
                       requires { typename std::integral_constant<stele::on_fault, P::on_fault>; };

/// What P says, or else `otherwise`.
template <class P, class Default>
constexpr Default on_fault_of(Default otherwise) {
    static_assert(has_on_fault<P> || !declares_on_fault<P>,
                  "`on_fault` is stele::on_fault::stop or stele::on_fault::dead_letter: make it "
                  "`static constexpr auto on_fault = stele::on_fault::stop;`");
    if constexpr (has_on_fault<P>) {
        static_assert(
            P::on_fault != stele::on_fault::skip,
            "only a subscription may skip an event for good: with stele::on_fault::dead_letter it is kept, and "
            "replayed once the handler is fixed");
        return P::on_fault;
    } else {
        return otherwise;
    }
}

}  // namespace stele::inline v0::detail
