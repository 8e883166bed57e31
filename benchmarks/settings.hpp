#pragma once

#include "benchmarks/contest.hpp"

#include <algorithm>
#include <cstddef>
#include <filesystem>
#include <string>

namespace bench {

using namespace std::chrono_literals;

/// What the command line asks for.
struct settings {
    std::filesystem::path directory = {};  ///< Where the data goes while it is measured.
    std::filesystem::path json = {};       ///< Where the figures go; empty for nowhere.
    std::string only = {};                 ///< Measure only what has this in its name.
    bool quick = false;                    ///< Hundredths of the work: shows that everything runs, not how fast.
    bool list = false;
    bool help = false;

    /// How those that are compared take turns.
    [[nodiscard]] schedule turns() const { return quick ? schedule{3, 5ms} : schedule{15, 400ms}; }
    /// An amount of work, or the hundredth of it.
    [[nodiscard]] std::size_t amount(std::size_t full) const {
        return quick ? std::max<std::size_t>(full / 100, 1) : full;
    }
};

inline constexpr const char* usage =
    "stele_bench [--json FILE] [--only SUBSTRING] [--dir DIR] [--quick] [--list]\n"
    "\n"
    "Measures the event store and the command bus, each beside its floor: the same work by plain SQLite calls.\n"
    "  --json FILE       writes one flat object of metric name to number\n"
    "  --only SUBSTRING  measures only what has this in its name\n"
    "  --dir DIR         puts the data there, on a disk (default: the directory for temporary files)\n"
    "  --quick           hundredths of the work, to see that everything runs; the figures mean nothing\n"
    "  --list            prints the names";

/// Reads the command line; throws std::invalid_argument that says what is wrong with it.
settings parse(int count, const char* const* arguments);

/// Throws std::invalid_argument unless the data can go to the directory: one in memory makes every sync free. The
/// default is the directory for temporary files, or /var/tmp if that is in memory.
std::filesystem::path disk_directory(const std::filesystem::path& asked_for);

}  // namespace bench
