// A process that archives and removes events while another thread appends is killed at a random instant, again and
// again: each event is in the store or in the archive, exactly as it was appended, and none is in the archive twice.

#include "faults/tools/settings.hpp"
#include "support/temp_dir.hpp"

#include <stele/eventstore/retention/archive.hpp>
#include <stele/eventstore/retention/retention.hpp>
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
#include <random>
#include <stdexcept>
#include <thread>

namespace {

using random_engine = std::mt19937_64;
using event_texts = std::map<std::pair<std::string, std::uint64_t>, std::string>;

constexpr std::uint64_t streams = 5;
struct files {
    std::filesystem::path store;
    std::filesystem::path archive;
    std::string category;

    [[nodiscard]] std::vector<stele::retention_policy> policies() const {
        return {{.category = category, .keep_events = 3}};
    }
};

stele::sqlite_store open(const files& at) {
    return stele::sqlite_store::open(at.store, {.durability = stele::durability::normal});
}

void append(stele::event_store& store, const std::string& category, std::uint64_t number) {
    const stele::event_data event{.type = "test.Counted", .payload = std::to_string(number), .metadata = ""};
    if (!store.append(stele::stream_id{category, std::to_string(number % streams)}, stele::expected_version::any(),
                      event))
        throw std::runtime_error("not appended");
}

/// Appends and archives until it is killed; writes a byte for each removal, so that the kill can come after some.
[[noreturn]] void run_child(const files& at, int pipe) {
    try {
        auto store = open(at);
        const std::jthread appends([&](const std::stop_token& stop) {
            for (std::uint64_t i = 0; !stop.stop_requested(); ++i) append(store, at.category, i);
        });
        for (;;)
            stele::apply_retention(store, at.policies(),
                                   {.archive = at.archive,
                                    .archive_json = [](const auto&) { return std::string{R"({"read":"this"})"}; },
                                    .events_per_commit = 7,
                                    .on_stream =
                                        [&](const stele::stream_retention& stream, const auto&) {
                                            if (stream.events > 0 && ::write(pipe, "x", 1) != 1) ::_exit(1);
                                        }});
    } catch (...) {
        ::_exit(1);
    }
}

void run_and_kill(const files& at, random_engine& random) {
    int ends[2];
    if (::pipe2(ends, O_CLOEXEC) != 0) throw std::runtime_error("no pipe");
    const auto child = ::fork();
    if (child < 0) throw std::runtime_error("no process");
    if (child == 0) {
        ::prctl(PR_SET_PDEATHSIG, SIGKILL);
        run_child(at, ends[1]);
    }
    ::close(ends[1]);
    char byte = 0;
    bool is_alive = true;
    for (auto removals = random() % 20; removals > 0 && is_alive; --removals) is_alive = ::read(ends[0], &byte, 1) == 1;
    // The only use of time: how far it is with the next removal.
    std::this_thread::sleep_for(std::chrono::microseconds{random() % 3000});
    ::kill(child, SIGKILL);
    int status = 0;
    while (::waitpid(child, &status, 0) < 0 && errno == EINTR) {
    }
    ::close(ends[0]);
    if (!WIFSIGNALED(status)) throw std::runtime_error("the process ended by itself");
}

std::size_t collect(event_texts& all, stele::event_range range) {
    std::size_t count = 0;
    for (const stele::recorded_event& event : std::move(range).events()) {
        const auto text = event.id.str() + std::string{event.payload};
        const auto [known, is_new] = all.emplace(std::pair{std::string{event.stream}, event.version.value}, text);
        if (!is_new && known->second != text) throw std::runtime_error("an event was changed");
        ++count;
    }
    return count;
}

/// Every version of every stream must be somewhere. Returns how many events are in both: archived, and not yet removed.
std::size_t check(stele::event_store& store, const files& at) {
    event_texts all;
    std::size_t archived = 0;
    if (std::filesystem::exists(at.archive)) {
        archived = collect(all, stele::read_archive(at.archive));
        if (archived != all.size() || stele::verify_archive(at.archive).events != archived)
            throw std::runtime_error("an event is in the archive twice");
    }
    const auto stored = collect(all, store.read_all({.filter = {.categories = {at.category}}}));
    std::uint64_t expected = 0;
    for (const auto& stream : store.list_streams({.category = at.category})) expected += stream.version.value;
    if (all.size() != expected) throw std::runtime_error(fmt::format("{} of {} events are left", all.size(), expected));
    return archived + stored - all.size();
}

}  // namespace

TEST_CASE("events are archived once and removed, whenever the process is killed") {
    const auto rounds = environment_number("STELE_ROUNDS").value_or(15);
    const temp_dir directory;
    random_engine random{run_seed()};
    std::string problem;
    std::uint64_t cut = 0;
    std::uint64_t archived = 0;
    for (std::uint64_t round = 0; round < rounds && problem.empty(); ++round) {
        try {
            // A new archive now and then, so that beginning one is interrupted as well.
            const files at{directory / "events.db", directory / fmt::format("{}.archive", round),
                           fmt::format("round{}", round)};
            for (int kills = 0; kills < 3; ++kills) {
                run_and_kill(at, random);
                auto store = open(at);
                cut += check(store, at) > 0 ? 1 : 0;
            }
            auto store = open(at);
            const auto report = stele::apply_retention(store, at.policies(), {.archive = at.archive});
            if (!report.complete || report.streams_failed > 0 || check(store, at) > 0)
                throw std::runtime_error("the last run did not complete what was begun");
            archived += stele::verify_archive(at.archive).events;
        } catch (const std::exception& fault) {
            problem =
                fmt::format("STELE_SEED={} STELE_ROUNDS={}, round {}: {}", run_seed(), rounds, round, fault.what());
        }
    }
    CHECK(problem == "");
    MESSAGE(rounds << " rounds of 3 kills, " << cut << " of them between archiving and removing, " << archived
                   << " events archived");
}
