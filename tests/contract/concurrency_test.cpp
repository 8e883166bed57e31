// Threads and processes on the same streams: no event is lost, no version is assigned twice, positions have no gap.

#include "support/stores.hpp"

#include <sys/wait.h>
#include <unistd.h>

#include <atomic>
#include <map>
#include <thread>

using stele::expected_version;
using stele::position;
using stele::stream_id;
using stele::version;

namespace {

constexpr int hot_streams = 3;

stream_id hot_stream(int n) {
    return {"hot", std::to_string(n % hot_streams)};
}

// Appends until `wanted` appends were accepted, each with the exact version it read; returns their event ids.
std::vector<stele::uuid> append_exactly(stele::event_store& store, int wanted, int seed) {
    std::vector<stele::uuid> accepted;
    for (int n = seed; std::ssize(accepted) < wanted; ++n) {
        const auto stream = hot_stream(n);
        const auto events = make_events(static_cast<std::size_t>(1 + n % 3));
        if (store.append(stream, expected_version::exactly(store.stream_version(stream)), events))
            for (const auto& event : events) accepted.push_back(event.id);
    }
    return accepted;
}

struct found_event {
    std::string stream;
    version at;
};

// Reads the whole store and checks that positions and versions count up without gaps.
std::map<stele::uuid, found_event> check_whole(stele::event_store& store) {
    std::map<stele::uuid, found_event> found;
    std::map<std::string, std::uint64_t, std::less<>> versions;
    std::uint64_t last = 0;
    for (const auto& event : store.read_all().events()) {
        REQUIRE(event.position.value == ++last);
        REQUIRE(event.version.value == ++versions[std::string(event.stream)]);
        REQUIRE(found.try_emplace(event.id, std::string(event.stream), event.version).second);
    }
    CHECK(store.head().value == last);
    return found;
}

}  // namespace

STORE_TEST_CASE(store, "threads append to the same streams while others read") {
    std::vector<std::vector<stele::uuid>> accepted(4);
    std::atomic<bool> stop = false;
    std::atomic<int> disorder = 0;
    {
        std::vector<std::jthread> readers;
        for (int r = 0; r < 2; ++r)
            readers.emplace_back([&] {
                position seen{};
                while (!stop) {
                    for (const auto& event : store->read_all({.after = seen}).events()) {
                        if (event.position.value != seen.value + 1) ++disorder;
                        seen = event.position;
                    }
                }
            });
        {
            std::vector<std::jthread> writers;
            for (int w = 0; w < 4; ++w)
                writers.emplace_back(
                    [&, w] { accepted[static_cast<std::size_t>(w)] = append_exactly(*store, 150, w); });
        }
        stop = true;
    }
    CHECK(disorder == 0);
    const auto found = check_whole(*store);
    std::size_t sum = 0;
    for (const auto& ids : accepted) {
        sum += ids.size();
        for (const auto& id : ids) CHECK(found.contains(id));
    }
    CHECK(found.size() == sum);
}

TEST_CASE("two processes with two threads each append to the same streams") {
    temp_dir directory;
    const auto file = directory / "events.db";
    const auto work = [&file](int seed) {
        auto store = stele::sqlite_store::open(file, {.connection = {.busy_timeout = std::chrono::seconds{60}}});
        std::vector<stele::uuid> one, two;
        std::jthread first([&] { one = append_exactly(store, 150, seed); });
        std::jthread second([&] { two = append_exactly(store, 150, seed + 1); });
        first.join();
        second.join();
        one.insert(one.end(), two.begin(), two.end());
        return one;
    };
    int channel[2];
    REQUIRE(::pipe(channel) == 0);
    const auto child = ::fork();
    if (child == 0) {
        // The child reports the ids of its accepted events; the parent looks them up.
        int status = 1;
        try {
            const auto ids = work(0);
            const auto size = ids.size() * sizeof(stele::uuid);
            if (::write(channel[1], ids.data(), size) == static_cast<ssize_t>(size)) status = 0;
        } catch (const std::exception& failure) {
            std::fputs(failure.what(), stderr);
        }
        ::_exit(status);
    }
    ::close(channel[1]);
    auto promised = work(2);
    stele::uuid id;
    while (::read(channel[0], id.bytes.data(), sizeof id) == sizeof id) promised.push_back(id);
    ::close(channel[0]);
    int status = 1;
    ::waitpid(child, &status, 0);
    CHECK(status == 0);

    auto store = stele::sqlite_store::open(file);
    const auto found = check_whole(store);
    CHECK(found.size() == promised.size());
    for (const auto& each : promised) CHECK(found.contains(each));
}
