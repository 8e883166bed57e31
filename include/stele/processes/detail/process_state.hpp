#pragma once

#include <stele/eventstore/detail/failures.hpp>
#include <stele/processes/detail/process_definition.hpp>

#include <concepts>
#include <type_traits>

namespace stele::inline v0::detail {

template <class P>
owned_state own_state(P* state) {
    return {state, [](void* owned) { delete static_cast<P*>(owned); }};
}

/// Describes how states of P are compared, if they can be.
template <class P>
void compare_states(process_definition& definition) {
    if constexpr (std::is_empty_v<P>) {
        definition.copy = [](const void*) { return own_state(new P{}); };
        definition.equal = [](const void*, const void*) { return true; };
    } else if constexpr (std::equality_comparable<P> && std::copy_constructible<P>) {
        definition.copy = [](const void* state) {
            return call_handler([&] { return own_state(new P(*static_cast<const P*>(state))); });
        };
        definition.equal = [](const void* one, const void* other) {
            return call_handler([&] { return bool{*static_cast<const P*>(one) == *static_cast<const P*>(other)}; });
        };
    }
}

}  // namespace stele::inline v0::detail
