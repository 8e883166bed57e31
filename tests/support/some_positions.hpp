#pragma once

#include <rapidcheck.h>

#include <cstdint>
#include <set>
#include <vector>

namespace testing {

/// Generates a set of positions from 1 to `last`: none, some or all of them. (A generator of sets that wants more
/// values than there are gives up, and with it the test.)
inline std::set<std::uint64_t> some_positions(std::uint64_t last) {
    const auto drawn = *rc::gen::container<std::vector<std::uint64_t>>(rc::gen::inRange<std::uint64_t>(1, last + 1));
    return {drawn.begin(), drawn.end()};
}

}  // namespace testing
