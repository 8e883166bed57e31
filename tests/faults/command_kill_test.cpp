// A process that sends commands with idempotency keys is killed at a random instant, again and again; then all of them
// are sent again. Each is decided exactly once, and those already answered get the same answer.

#include "faults/tools/settings.hpp"
#include "support/counter.hpp"
#include "support/temp_dir.hpp"

#include <stele/commands/command_bus.hpp>
#include <stele/eventstore/sqlite/sqlite_store.hpp>

#include <doctest/doctest.h>
#include <fcntl.h>
#include <fmt/format.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <csignal>
#include <map>
#include <thread>

namespace {

using random_engine = std::mt19937_64;
using bus_type = stele::command_bus<testing::counter>;

constexpr std::uint32_t commands = 120;  // in a round; some are sent before the kill
constexpr std::uint32_t counters = 4;

struct round_plan {
    std::filesystem::path file;
    std::uint32_t round;
};

/// The child's report of one answered command.
struct answer {
    std::uint32_t command;
    std::uint64_t version;
    std::uint64_t position;

    friend bool operator==(const answer&, const answer&) = default;
};

std::string counter_of(std::uint32_t command) {
    return std::to_string(command % counters);
}

/// Sends one command of a round: two events at a time, or nothing that would change anything.
std::expected<stele::receipt, stele::command_error> send(bus_type& bus, std::uint32_t round, std::uint32_t command) {
    static const auto rounds = *stele::uuid::parse("5ac0b8a4-6f0e-4c86-8a3a-0d2a0b3f6e55");
    const stele::send_options how{.idempotency_key =
                                      stele::make_idempotency_key(rounds, fmt::format("{} {}", round, command))};
    if (command % 8 == 7) return bus.send(testing::count(counter_of(command), {}), how);
    return bus.send(testing::count(counter_of(command), {1, command}), how);
}

/// Sends all commands from each of two threads, so that some are sent at the same time.
[[noreturn]] void run_child(const round_plan& plan, int pipe) {
    try {
        auto store = stele::sqlite_store::open(plan.file, {.durability = stele::durability::normal});
        bus_type bus{store, {.attempts = 1000}};
        const auto send_all = [&] {
            for (std::uint32_t i = 0; i < commands; ++i) {
                const auto receipt = send(bus, plan.round, i);
                if (!receipt) ::_exit(1);
                const answer told{i, receipt->version.value, receipt->position.value};
                if (::write(pipe, &told, sizeof told) != sizeof told) ::_exit(1);
            }
        };
        const std::jthread other(send_all);
        send_all();
        for (;;) ::pause();
    } catch (...) {
        ::_exit(1);
    }
}

/// Waits for some answers of the child, so that most kills come while it sends. Without any answer, it may be killed
/// while it opens the store.
std::vector<answer> wait_for_some(int pipe, random_engine& random) {
    std::vector<answer> told(random() % commands);
    for (auto& each : told)
        if (::read(pipe, &each, sizeof each) != sizeof each) throw std::runtime_error("the process ended by itself");
    // The only use of time: how far it is with the next command.
    std::this_thread::sleep_for(std::chrono::microseconds{random() % 2000});
    return told;
}

/// Runs a child, kills it, and returns its reports.
std::vector<answer> run_and_kill(const round_plan& plan, random_engine& random) {
    int ends[2];
    if (::pipe2(ends, O_CLOEXEC) != 0) throw std::runtime_error("no pipe");
    const auto child = ::fork();
    if (child < 0) throw std::runtime_error("no process");
    if (child == 0) {
        ::prctl(PR_SET_PDEATHSIG, SIGKILL);
        run_child(plan, ends[1]);
    }
    ::close(ends[1]);
    auto told = wait_for_some(ends[0], random);
    ::kill(child, SIGKILL);
    int status = 0;
    while (::waitpid(child, &status, 0) < 0 && errno == EINTR) {
    }
    for (answer next{}; ::read(ends[0], &next, sizeof next) == sizeof next;) told.push_back(next);
    ::close(ends[0]);
    if (!WIFSIGNALED(status)) throw std::runtime_error("the process ended by itself");
    return told;
}

/// Sends all commands of the round and returns the answers; compares those given before.
std::map<std::uint32_t, answer> resend(stele::event_store& store, std::uint32_t round) {
    bus_type bus{store};
    std::map<std::uint32_t, answer> answers;
    for (std::uint32_t i = 0; i < commands; ++i) {
        const auto receipt = send(bus, round, i);
        if (!receipt) throw std::runtime_error(receipt.error().message());
        answers.emplace(i, answer{i, receipt->version.value, receipt->position.value});
    }
    return answers;
}

void check(const std::map<std::uint32_t, answer>& answers, const std::vector<answer>& told) {
    for (const auto& each : told)
        if (answers.at(each.command) != each)
            throw std::runtime_error(fmt::format("command {} was answered in another way", each.command));
}

/// The value of a counter if each of its commands was decided once in each round.
std::int64_t value_of(std::uint32_t counter, std::uint32_t rounds) {
    std::int64_t value = 0;
    for (std::uint32_t i = counter; i < commands; i += counters)
        if (i % 8 != 7) value += 1 + i;
    return value * rounds;
}

void check_counters(stele::event_store& store, std::uint32_t rounds) {
    for (std::uint32_t i = 0; i < counters; ++i) {
        const auto found = stele::load<testing::counter>(store, stele::stream_of<testing::counter>(std::to_string(i)));
        if (found.state.value != value_of(i, rounds))
            throw std::runtime_error(
                fmt::format("counter {} is {}, not {}", i, found.state.value, value_of(i, rounds)));
    }
}

}  // namespace

TEST_CASE("commands with an idempotency key are decided once, whenever their process is killed") {
    const auto rounds = static_cast<std::uint32_t>(environment_number("STELE_ROUNDS").value_or(20));
    const temp_dir directory;
    random_engine random{run_seed()};
    std::string problem;
    std::size_t answered = 0;
    std::size_t cut = 0;
    for (std::uint32_t round = 0; round < rounds && problem.empty(); ++round) {
        try {
            const round_plan plan{directory / "events.db", round};
            const auto told = run_and_kill(plan, random);
            auto store = stele::sqlite_store::open(plan.file, {.durability = stele::durability::normal});
            const auto before = store.head();
            const auto answers = resend(store, round);
            check(answers, told);
            check_counters(store, round + 1);
            answered += told.size();
            cut += before != store.head() && !told.empty() ? 1 : 0;
            const auto after = store.head();
            if (resend(store, round) != answers || store.head() != after)
                throw std::runtime_error("the commands were decided once more");
        } catch (const std::exception& fault) {
            problem =
                fmt::format("STELE_SEED={} STELE_ROUNDS={}, round {}: {}", run_seed(), rounds, round, fault.what());
        }
    }
    CHECK(problem == "");
    MESSAGE(rounds << " rounds, " << cut << " of them cut in the middle, " << answered << " commands answered before");
}
