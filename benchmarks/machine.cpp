#include "benchmarks/report.hpp"

#include <stele/eventstore/sqlite/sqlite_store.hpp>

#include <fmt/format.h>

#include <cstdlib>
#include <fstream>
#include <string_view>
#include <thread>

namespace bench {
namespace {

std::string processor() {
    std::ifstream file("/proc/cpuinfo");
    for (std::string line; std::getline(file, line);)
        if (line.starts_with("model name")) return line.substr(line.find(':') + 2);
    return "unknown processor";
}

// The mount whose path is the longest beginning of the directory's.
std::string file_system(const std::filesystem::path& directory) {
    const auto path = std::filesystem::canonical(directory).string();
    std::ifstream mounts("/proc/mounts");
    std::string best = "/";
    std::string result = "unknown file system";
    std::string device, mount, type, rest;
    while (mounts >> device >> mount >> type && std::getline(mounts, rest)) {
        const bool holds = mount == "/" || path == mount || path.starts_with(mount + '/');
        if (holds && mount.size() >= best.size()) {
            best = mount;
            result = type;
        }
    }
    return result;
}

std::string compiler() {
#ifdef __clang__
    return "clang " __clang_version__;
#else
    return "gcc " __VERSION__;
#endif
}

}  // namespace

std::string machine(const std::filesystem::path& directory) {
    double load = 0;
    if (getloadavg(&load, 1) != 1) load = 0;
    return fmt::format(
        "{} cores ({}), SQLite {}, {}, {} build, data on {} ({}), load {:.1f} at the start.\n"
        "FULL: every commit is synced before an append returns. NORMAL: written; synced with a checkpoint.\n"
        "Both sides take turns; the ratio is the median of the rounds, then the smallest and the largest.\n",
        std::thread::hardware_concurrency(), processor(), stele::sqlite_store::sqlite_version(), compiler(),
        STELE_BUILD_TYPE, file_system(directory), directory.string(), load);
}

}  // namespace bench
