#include "benchmarks/memory_growth.hpp"

#include <malloc.h>

#include <algorithm>
#include <fstream>
#include <stdexcept>
#include <string>

namespace bench {
namespace {

/// A figure of the process in KiB (proc(5)): VmRSS is what is in memory now, VmHWM the most there ever was.
std::uint64_t memory_kib(const std::string& name) {
    std::ifstream in("/proc/self/status");
    for (std::string line; std::getline(in, line);)
        if (line.starts_with(name + ":")) return std::stoull(line.substr(name.size() + 1));
    throw std::runtime_error("/proc/self/status has no " + name);
}

}  // namespace

memory_growth::memory_growth() {
    ::malloc_trim(0);
    std::ofstream("/proc/self/clear_refs") << 5;  // resets the peak
    before_kib_ = memory_kib("VmRSS");
}

double memory_growth::peak_mib() const {
    return static_cast<double>(std::max(memory_kib("VmHWM"), before_kib_ + 1) - before_kib_) / 1024;
}

}  // namespace bench
