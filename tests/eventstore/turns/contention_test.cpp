// 64 threads and 4 processes on 8 hot streams, each append with the exact version it has read.

#include "support/temp_dir.hpp"

#include <stele/eventstore/sqlite/sqlite_store.hpp>

#include <doctest/doctest.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <cstdio>
#include <map>
#include <string>
#include <thread>
#include <vector>

using stele::expected_version;
using stele::position;
using stele::stream_id;

namespace {

constexpr std::uint64_t streams = 8;
constexpr int processes = 4;
constexpr int threads_per_process = 16;
constexpr int accepted_per_thread = 25;

stele::sqlite_options patient() {
    return {.durability = stele::durability::normal, .connection = {.busy_timeout = std::chrono::minutes{2}}};
}

// What an accepted append was promised. Far smaller than PIPE_BUF, so a write to a pipe is atomic.
struct promise {
    stele::uuid id;
    std::uint64_t stream;
    std::uint64_t version;
    std::uint64_t position;
};

void append_exactly(stele::event_store& store, int seed, int channel) {
    int accepted = 0;
    for (auto n = static_cast<std::uint64_t>(seed); accepted < accepted_per_thread; ++n) {
        const stream_id stream("hot", std::to_string(n % streams));
        const std::vector<stele::event_data> events{{.type = "test.Happened", .payload = std::to_string(seed)}};
        const auto seen = store.stream_version(stream);
        const auto result = store.append(stream, expected_version::exactly(seen), events);
        if (!result) {
            if (result.error().actual <= seen) throw std::logic_error("a conflict with nobody");
            continue;
        }
        if (result->version.value != seen.value + 1) throw std::logic_error("accepted at another version");
        const promise made{events[0].id, n % streams, result->version.value, result->position.value};
        if (::write(channel, &made, sizeof made) != sizeof made) throw std::logic_error("the pipe broke");
        ++accepted;
    }
}

// A reader that follows the head and sees every position once, in order.
void follow(stele::event_store& store, const std::atomic<bool>& stop, std::atomic<int>& disorder) {
    position seen{};
    std::map<std::string, std::uint64_t, std::less<>> versions;
    while (!stop) {
        for (const auto& event : store.read_all({.after = seen}).events()) {
            if (event.position.value != seen.value + 1) ++disorder;
            if (event.version.value != ++versions[std::string(event.stream)]) ++disorder;
            seen = event.position;
        }
    }
}

int child(const std::filesystem::path& file, int number, int channel) {
    std::atomic<int> failures = 0;
    try {
        auto store = stele::sqlite_store::open(file, patient());
        std::atomic<bool> stop = false;
        std::jthread reader([&] { follow(store, stop, failures); });
        {
            std::vector<std::jthread> writers;
            for (int t = 0; t < threads_per_process; ++t)
                writers.emplace_back([&, t] {
                    try {
                        append_exactly(store, number * threads_per_process + t, channel);
                    } catch (const std::exception& failure) {
                        std::fprintf(stderr, "process %d: %s\n", number, failure.what());
                        ++failures;
                    }
                });
        }
        stop = true;
    } catch (const std::exception& failure) {
        std::fprintf(stderr, "process %d: %s\n", number, failure.what());
        ++failures;
    }
    return failures == 0 ? 0 : 1;
}

}  // namespace

TEST_CASE("64 threads of 4 processes: every accepted append has its version, and every reader sees commit order") {
    const temp_dir directory;
    const auto file = directory / "events.db";
    int channel[2];
    REQUIRE(::pipe(channel) == 0);
    std::vector<pid_t> children;
    for (int p = 0; p < processes; ++p) {
        const auto pid = ::fork();
        REQUIRE(pid >= 0);
        if (pid == 0) ::_exit(child(file, p, channel[1]));
        children.push_back(pid);
    }
    ::close(channel[1]);
    std::map<std::pair<std::uint64_t, std::uint64_t>, promise> promises;  // by stream and version
    promise made;
    while (::read(channel[0], &made, sizeof made) == sizeof made) {
        const bool first = promises.emplace(std::pair(made.stream, made.version), made).second;
        CHECK_MESSAGE(first, "version " << made.version << " of hot-" << made.stream << " was given twice");
    }
    ::close(channel[0]);
    for (const auto pid : children) {
        int status = 1;
        ::waitpid(pid, &status, 0);
        CHECK(status == 0);
    }

    CHECK(promises.size() == processes * threads_per_process * accepted_per_thread);
    auto store = stele::sqlite_store::open(file);
    CHECK(store.head().value == promises.size());
    std::uint64_t last = 0;
    for (const auto& event : store.read_all().events()) {
        REQUIRE(event.position.value == ++last);
        const auto stream = std::stoull(std::string(stele::instance_id_of(event.stream)));
        const auto found = promises.find({stream, event.version.value});
        REQUIRE(found != promises.end());
        CHECK(found->second.id == event.id);
        CHECK(found->second.position == event.position.value);
    }
}
