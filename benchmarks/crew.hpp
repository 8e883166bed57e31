#pragma once

#include "benchmarks/contest.hpp"

#include <atomic>
#include <chrono>
#include <cstdint>
#include <functional>
#include <string>
#include <vector>

namespace bench {

using latencies = std::vector<std::chrono::nanoseconds>;

/// Some threads that share the iterations of each turn.
struct crew {
    std::string name;
    std::size_t threads;
    /// Does the n-th thing of a thread. What it needs was made before, and is used by that thread alone.
    std::function<void(std::size_t thread, std::size_t n)> act;
    /// Called before each turn, with the most things that any thread may be asked for.
    std::function<void(std::size_t most)> prepare = {};
};

/// The clock runs from the start of all to the end of the last, so that a thread that gets no turn counts. How long
/// each thing took is added to `seen`, which must outlive the contender.
contender work_together(crew all, latencies& seen, std::int64_t least_iterations);

}  // namespace bench
