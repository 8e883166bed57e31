#pragma once

#include <benchmark/benchmark.h>

#include <chrono>
#include <cstdint>
#include <functional>
#include <string>
#include <vector>

namespace bench {

/// One way to do some work. `run` is a function for Google Benchmark: what stands before its loop is not timed, and
/// it calls SetItemsProcessed.
struct contender {
    std::string name;
    std::function<void(benchmark::State&)> run;
    std::int64_t least_iterations;  ///< What a turn has at least.
};

/// How the contenders take turns.
struct schedule {
    int rounds;
    std::chrono::duration<double> turn;  ///< About how long each turn takes.
    /// Whether all do as many iterations as the first can in that time. Contenders that must store the same data do.
    bool same_work = true;
};

/// Items per second, one figure for each turn.
using rates = std::vector<double>;

/// Lets the contenders take turns and returns the rates of each, in the order they were given.
///
/// On a shared machine the speed of the disk and the processor changes from second to second. So the turns are short,
/// those of one round follow each other at once, and every second round goes the other way about. A ratio of two
/// rates of the same round is then worth something where a ratio of two averages is not. Before the first round
/// each warms up, which finds out how many iterations a turn has, and is not counted.
///
/// Throws std::runtime_error when the user has asked to stop (see stop_on_interrupt).
std::vector<rates> alternate(const std::vector<contender>& contenders, const schedule& plan);

/// The smallest, the middle and the largest of some figures.
struct spread {
    double least, median, most;
};
spread spread_of(std::vector<double> figures);

/// The ratios of what was measured in the same round.
std::vector<double> pairwise_ratios(const rates& measured, const rates& against);

/// Makes SIGINT and SIGTERM end the measuring with an exception, so that the data is removed.
void stop_on_interrupt();
/// Throws std::runtime_error if the user has asked to stop.
void check_interrupt();

}  // namespace bench
