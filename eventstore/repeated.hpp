#pragma once

#include <stele/eventstore/version.hpp>

namespace stele::detail {

/// Whether an append with this expectation can have stored events right after version `before` of a stream.
/// `begins`: nothing stood before them, or all of that had been removed, so none() was true then.
inline bool can_have_followed(expected_version expected, version before, bool begins) {
    if (expected == expected_version::none()) return begins;
    if (expected == expected_version::some()) return before.value != 0;
    return !expected.names_a_place() || expected.place() == before;
}

}  // namespace stele::detail
