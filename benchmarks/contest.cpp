#include "benchmarks/contest.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <csignal>
#include <functional>
#include <iterator>
#include <optional>
#include <stdexcept>

namespace bench {
namespace {

volatile std::sig_atomic_t interrupted = 0;

struct turn_result {
    double items_per_s = 0;
    double iterations_per_s = 0;
};

// Keeps the figures of one turn; the table at the end is printed by others.
class turn_reporter final : public benchmark::BenchmarkReporter {
public:
    bool ReportContext(const Context&) override { return true; }
    void ReportRuns(const std::vector<Run>& runs) override {
        for (const auto& run : runs)
            result_ = turn_result{run.counters.at("items_per_second").value,
                                  static_cast<double>(run.iterations) / run.real_accumulated_time};
    }
    [[nodiscard]] const std::optional<turn_result>& result() const { return result_; }

private:
    std::optional<turn_result> result_;
};

turn_result take_turn(const contender& who, std::int64_t iterations) {
    check_interrupt();
    benchmark::ClearRegisteredBenchmarks();
    benchmark::RegisterBenchmark(who.name.c_str(), who.run)->Iterations(iterations)->UseRealTime();
    turn_reporter reporter;
    benchmark::RunSpecifiedBenchmarks(&reporter, ".");
    if (!reporter.result()) throw std::runtime_error(fmt::format("{}: the turn gave no figure", who.name));
    return *reporter.result();
}

// How many iterations the turns of each have. The first guess comes from a cold start, so there are two.
std::vector<std::int64_t> warm_up(const std::vector<contender>& contenders, const schedule& plan) {
    std::vector<std::int64_t> iterations;
    for (const auto& who : contenders) {
        auto& count = iterations.emplace_back(who.least_iterations);
        for (int guess = 0; guess < 2; ++guess) {
            const auto fitting = take_turn(who, count).iterations_per_s * plan.turn.count();
            count = std::max(who.least_iterations, static_cast<std::int64_t>(fitting));
        }
    }
    if (plan.same_work) std::ranges::fill(iterations, iterations.front());
    return iterations;
}

}  // namespace

std::vector<rates> alternate(const std::vector<contender>& contenders, const schedule& plan) {
    const auto iterations = warm_up(contenders, plan);
    std::vector<rates> result(contenders.size());
    for (int round = 0; round < plan.rounds; ++round) {
        for (std::size_t i = 0; i < contenders.size(); ++i) {
            const auto whose = round % 2 == 0 ? i : contenders.size() - 1 - i;
            result[whose].push_back(take_turn(contenders[whose], iterations[whose]).items_per_s);
        }
    }
    return result;
}

spread spread_of(std::vector<double> figures) {
    if (figures.empty()) throw std::invalid_argument("no figures, no spread");
    std::ranges::sort(figures);
    return {figures.front(), figures[figures.size() / 2], figures.back()};
}

std::vector<double> pairwise_ratios(const rates& measured, const rates& against) {
    std::vector<double> ratios;
    std::ranges::transform(measured, against, std::back_inserter(ratios), std::divides{});
    return ratios;
}

void stop_on_interrupt() {
    const auto remember = [](int) { interrupted = 1; };
    std::signal(SIGINT, remember);
    std::signal(SIGTERM, remember);
}

void check_interrupt() {
    if (interrupted != 0) throw std::runtime_error("interrupted");
}

}  // namespace bench
