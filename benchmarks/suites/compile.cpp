#include "benchmarks/contest.hpp"
#include "benchmarks/suites.hpp"

#include <chrono>
#include <cstdlib>
#include <stdexcept>

namespace bench {

void measure_compile(const settings& wanted, report& out) {
    std::vector<double> seconds;
    for (int i = 0; i < (wanted.quick ? 1 : 3); ++i) {
        check_interrupt();
        const auto begin = std::chrono::steady_clock::now();
        // NOLINTNEXTLINE(cert-env33-c,concurrency-mt-unsafe): a script that the build has written, and one thread.
        if (std::system("sh " STELE_COMPILE_BANK_MODEL) != 0)
            throw std::runtime_error(STELE_COMPILE_BANK_MODEL ": the sample was not compiled");
        seconds.push_back(std::chrono::duration<double>(std::chrono::steady_clock::now() - begin).count());
    }
    out.add_row("compile_bank_model_s", spread_of(seconds).median, "s");
}

}  // namespace bench
