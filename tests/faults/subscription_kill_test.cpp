// A program with a durable subscription is killed at a random instant, again and again, while events come, handlers
// fail and dead letters are replayed. Nothing is lost, nothing is twice in effect, the events of a stream keep their
// order, and no kill repeats more than was promised.
//
// The instant is random, so a failure may not repeat with the same seed: STELE_SEED=N STELE_ROUNDS=N.

#include "faults/tools/run_and_kill.hpp"
#include "faults/tools/settings.hpp"
#include "support/counter.hpp"
#include "support/temp_dir.hpp"

#include <stele/commands/command_bus.hpp>
#include <stele/eventstore/sqlite/sqlite_store.hpp>
#include <stele/projections/subscriptions/subscription_runner.hpp>

#include <doctest/doctest.h>
#include <fcntl.h>
#include <unistd.h>

#include <chrono>
#include <cstdint>
#include <filesystem>
#include <fstream>
#include <map>
#include <random>
#include <stdexcept>
#include <string>
#include <vector>

using namespace testing;

namespace {

constexpr std::uint64_t streams = 5;
constexpr std::size_t most_repeated = 10;  // checkpoint_every

stele::sqlite_store open_store(const std::filesystem::path& file) {
    return stele::sqlite_store::open(file, {.durability = stele::durability::normal});
}

/// Tells another system, a file that outlives the kill, and sends a command.
struct teller {
    static constexpr auto name = "teller";
    static constexpr auto events = hana::tuple_t<Incremented>;
    static constexpr auto on_fault = stele::on_fault::dead_letter;

    int file;
    stele::command_bus<counter>& bus;
    std::uint64_t failing_one_in;  // 0: none
    std::mt19937_64 random;

    void on(const Incremented& event, const stele::recorded_event& at) {
        if (failing_one_in != 0 && random() % failing_one_in == 0) throw std::runtime_error("cannot");
        const auto position = at.position.value;
        if (::write(file, &position, sizeof position) != sizeof position) throw std::runtime_error("no room");
        if (!bus.send(increment("sum", event.by()), {.idempotency_key = at.id})) throw std::runtime_error("rejected");
    }
};

struct place {
    std::filesystem::path store, told;
};

/// Adds the subscription and calls `run` with its runner.
template <class Run>
void with_runner(const place& where, stele::sqlite_store& store, std::mt19937_64& random, std::uint64_t failing_one_in,
                 const Run& run) {
    const int file = ::open(where.told.c_str(), O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC, 0600);
    if (file < 0) throw std::runtime_error("no file");
    stele::command_bus<counter> bus{store};
    {
        stele::subscription_runner runner{store, {.attempts = 2, .first_backoff = std::chrono::milliseconds{0}}};
        runner.add(teller{file, bus, failing_one_in, std::mt19937_64{random()}},
                   {.filter = {.stream_prefixes = {"counter-n"}}, .checkpoint_every = 1 + random() % most_repeated});
        run(runner);
    }
    ::close(file);
}

/// Appends and tells until it is killed; reports each append through the pipe.
[[noreturn]] void run_child(const place& where, std::uint64_t seed, int pipe) {
    try {
        std::mt19937_64 random{seed};
        auto store = open_store(where.store);
        with_runner(where, store, random, 1 + random() % 20, [&](auto& runner) {
            runner.start();
            for (int number = 0; number < 100'000; ++number) {
                const auto stream = "n" + std::to_string(random() % streams);
                const auto event = stele::encode(incremented(1 + static_cast<std::int64_t>(random() % 9)));
                if (!store.append(stele::stream_id{"counter", stream}, stele::expected_version::any(), event) ||
                    ::write(pipe, "a", 1) != 1)
                    ::_exit(1);
                if (random() % 8 == 0) runner.template replay_dead_letters<teller>();
            }
        });
    } catch (const std::exception&) {
    }
    ::_exit(1);
}

/// Runs the child until it has appended some events, and then for a random time.
void run_and_kill(const place& where, std::mt19937_64& random) {
    const auto seed = random();
    const auto reports = random() % 12;
    const std::chrono::microseconds more{random() % 8000};
    ::run_and_kill([&](int pipe) { run_child(where, seed, pipe); }, reports, more);
}

std::vector<std::uint64_t> told_in(const std::filesystem::path& file) {
    std::ifstream in(file, std::ios::binary);
    std::vector<std::uint64_t> all;
    for (std::uint64_t each = 0; in.read(reinterpret_cast<char*>(&each), sizeof each);) all.push_back(each);
    return all;
}

/// Handles what is left, and checks everything; returns how many events there were.
std::size_t check_all(const place& where, std::mt19937_64& random, std::uint64_t kills) {
    auto store = open_store(where.store);
    with_runner(where, store, random, 0, [&](auto& runner) {
        runner.catch_up();
        CHECK(runner.template replay_dead_letters<teller>().left == 0);
        runner.catch_up();  // passes over what its commands have led to
        const auto status = runner.status().front();
        CHECK(status.seen == store.head().value);
        CHECK(status.seen == status.applied + status.ignored);
    });
    std::map<std::string, std::vector<std::uint64_t>> appended, told;
    std::map<std::uint64_t, std::string> stream_of;
    std::int64_t sum = 0;
    const stele::event_query filter{.stream_prefixes = {"counter-n"}, .types = {"testing.Incremented"}};
    for (const auto& event : store.read_all({.filter = filter}).events()) {
        Incremented change;
        REQUIRE(change.ParseFromString(std::string{event.payload}));
        sum += change.by();
        appended[std::string{event.stream}].push_back(event.position.value);
        stream_of[event.position.value] = event.stream;
    }
    std::map<std::uint64_t, int> times;
    const auto all = told_in(where.told);
    for (const auto each : all)
        if (++times[each] == 1) told[stream_of[each]].push_back(each);
    CHECK(told == appended);
    CHECK(all.size() - times.size() <= kills * most_repeated);
    CHECK(stele::load<counter>(store, stele::stream_of<counter>("sum")).state.value == sum);
    return times.size();
}

}  // namespace

TEST_CASE("a program with a durable subscription may be killed at any instant") {
    const auto rounds = environment_number("STELE_ROUNDS").value_or(40);
    INFO("STELE_SEED=", run_seed(), " STELE_ROUNDS=", rounds);
    const temp_dir directory;
    const place where{directory / "events.db", directory / "told"};
    {
        auto store = open_store(where.store);
        REQUIRE(stele::command_bus<counter>{store}.send(open("sum")));
    }
    std::mt19937_64 random{run_seed()};
    std::size_t events = 0;
    for (std::uint64_t round = 1; round <= rounds; ++round) {
        run_and_kill(where, random);
        // Usually the next child continues where the last one was killed.
        if (random() % 4 == 0 || round == rounds) events = check_all(where, random, round);
    }
    MESSAGE(rounds << " rounds, " << events << " events");
}
