// Several processes write to one store, follow it, project, rebuild, back up and compact, while each is killed at
// random instants and the clock jumps. At the end everything that was acknowledged must be there once, and the read
// models must equal a fresh fold. Meanwhile log, memory and descriptors stay within bounds.

#include "soak/place.hpp"

#include <stele/eventstore/uuid.hpp>

#include <fmt/format.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <csignal>
#include <cstdio>
#include <fstream>
#include <functional>
#include <iterator>
#include <random>
#include <string>
#include <thread>
#include <vector>

namespace soak {
namespace {

using clock = std::chrono::steady_clock;

// What must not be exceeded.
constexpr std::uintmax_t log_bytes = 256UL << 20;
constexpr std::uint64_t memory_kib = 512UL << 10;
constexpr std::ptrdiff_t descriptors = 200;
constexpr std::chrono::microseconds longest_jump = std::chrono::hours{24 * 365};

struct role {
    const char* name;
    void (*run)(const place&, std::uint64_t seed);
    int processes;
};
constexpr role roles[] = {{"write", write, 3}, {"follow", follow, 2}, {"project", project, 1}, {"keep", keep, 1}};

struct child {
    const role* what;
    pid_t process = 0;
};

void start(child& one, const place& here, std::uint64_t seed) {
    one.process = ::fork();
    if (one.process != 0) return;
    ::prctl(PR_SET_PDEATHSIG, SIGKILL);
    const auto text = std::to_string(seed);
    // A program of its own: what a child of fork inherits is not what is tested here.
    ::execl("/proc/self/exe", "stele_soak", one.what->name, here.path().c_str(), text.c_str(), nullptr);
    ::_exit(127);
}

// Waits for the process, and reports if it ended in another way than it should.
void join(child& one, const place& here, bool was_killed) {
    int status = 0;
    if (::waitpid(one.process, &status, 0) != one.process) here.fail("a process is gone");
    if (was_killed ? !WIFSIGNALED(status) || WTERMSIG(status) != SIGKILL : status != 0)
        here.fail(fmt::format("the process \"{}\" ended with status {:#x}", one.what->name, status));
}

struct highest {
    std::uintmax_t log = 0;
    std::uint64_t memory = 0;
    std::ptrdiff_t open_files = 0;
};

void measure(const std::vector<child>& all, const place& here, highest& seen) {
    std::error_code ignored;
    const auto log = std::filesystem::file_size(here.store().string() + "-wal", ignored);
    if (!ignored) seen.log = std::max(seen.log, log);
    for (const auto& each : all) {
        const auto proc = "/proc/" + std::to_string(each.process);
        std::ifstream statm(proc + "/statm");
        std::uint64_t total = 0;
        std::uint64_t resident = 0;
        if (statm >> total >> resident)
            seen.memory = std::max(seen.memory, resident * static_cast<std::uint64_t>(::sysconf(_SC_PAGESIZE)) / 1024);
        const std::filesystem::directory_iterator files(proc + "/fd", ignored);
        if (!ignored) seen.open_files = std::max(seen.open_files, std::distance(begin(files), end(files)));
    }
}

void expect_bounds(const highest& seen, const place& here) {
    fmt::print("at most: {} MiB of log, {} MiB of memory and {} open files in a process\n", seen.log >> 20,
               seen.memory >> 10, seen.open_files);
    if (seen.log > log_bytes) here.fail("the log has grown too far");
    if (seen.memory > memory_kib) here.fail("a process has taken too much memory");
    if (seen.open_files > descriptors) here.fail("a process has too many open files");
}

void run(const place& here, std::chrono::duration<double> length, std::uint64_t seed) {
    std::mt19937_64 random{seed};
    std::vector<child> all;
    for (const auto& each : roles)
        for (int i = 0; i < each.processes; ++i) start(all.emplace_back(child{&each}), here, random());
    highest seen;
    int kills = 0;
    int jumps = 0;
    for (const auto end = clock::now() + length; clock::now() < end;) {
        std::this_thread::sleep_for(std::chrono::milliseconds{50 + random() % 400});
        measure(all, here, seen);
        if (random() % 4 == 0) {
            auto& one = all[random() % all.size()];
            ::kill(one.process, SIGKILL);
            join(one, here, true);
            start(one, here, random());
            ++kills;
        }
        if (random() % 16 == 0) {
            std::uniform_int_distribution<std::int64_t> jump(-longest_jump.count(), longest_jump.count());
            here.shared().clock_ahead_us = random() % 2 == 0 ? 0 : jump(random);
            ++jumps;
        }
    }
    here.shared().clock_ahead_us = 0;
    here.shared().is_over = true;
    for (auto& each : all) join(each, here, false);
    fmt::print("{} kills, {} jumps of the clock\n", kills, jumps);
    expect_bounds(seen, here);
}

int soak(double minutes, std::uint64_t seed) {
    const auto directory = std::filesystem::temp_directory_path() / ("stele-soak-" + stele::uuid::v7().str());
    const place here{directory};
    fmt::print("soaking for {} minutes with seed {} in {}\n", minutes, seed, directory.string());
    std::fflush(stdout);
    run(here, std::chrono::duration<double>{minutes * 60}, seed);
    check(here);
    std::ifstream failures(here.failures());
    std::string line;
    int count = 0;
    while (std::getline(failures, line) && ++count <= 20) fmt::print("FAILED: {}\n", line);
    if (count > 0) {
        fmt::print("the files are left in {}\n", directory.string());
        return 1;
    }
    std::filesystem::remove_all(directory);
    fmt::print("nothing was lost\n");
    return 0;
}

}  // namespace
}  // namespace soak

int main(int count, char** arguments) try {
    const std::vector<std::string> words(arguments + 1, arguments + count);
    for (const auto& role : soak::roles)
        if (words.size() == 3 && words[0] == role.name) {
            const soak::place here{words[1]};
            try {
                role.run(here, std::stoull(words[2]));
            } catch (const std::exception& fault) {
                here.fail(fmt::format("{}: {}", role.name, fault.what()));
                return 1;
            }
            return 0;
        }
    if ((words.size() != 2 && words.size() != 4) || words[0] != "--minutes" ||
        (words.size() == 4 && words[2] != "--seed")) {
        fmt::print(stderr, "usage: stele_soak --minutes N [--seed N]\n");
        return 2;
    }
    return soak::soak(std::stod(words[1]), words.size() == 4 ? std::stoull(words[3]) : std::random_device{}());
} catch (const std::exception& fault) {
    fmt::print(stderr, "stele_soak: {}\n", fault.what());
    return 1;
}
