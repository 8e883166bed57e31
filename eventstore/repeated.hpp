#pragma once

#include <stele/eventstore/version.hpp>

namespace stele::inline v0::detail {

/// Whether an append with this expectation can have stored events right after version `before` of a stream.
/// `begins`: nothing stood before them, or all of that had been removed, so no_stream() was true then.
inline bool can_have_followed(expected_version expected, version before, bool begins) {
    if (expected == expected_version::no_stream()) return begins;
    if (expected == expected_version::stream_exists()) return before.value != 0;
    return !expected.names_a_version() || expected.number() == before;
}

}  // namespace stele::inline v0::detail
