// A program that ends while its threads append.

#include "support/stores.hpp"

#include <doctest/doctest.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <atomic>
#include <cstdint>
#include <cstdlib>
#include <iostream>
#include <thread>
#include <vector>

namespace {

constexpr std::uint64_t appends_before_exit = 30;
constexpr int exit_code = 7;

/// Appends from several threads, waiting or not, and calls exit() meanwhile. Writes each position that was
/// acknowledged.
[[noreturn]] void append_and_exit(const std::filesystem::path& file, int acknowledged) {
    const stele::sqlite_options options{.durability = stele::durability::normal};
    // As in a program whose store nobody destroys before exit(), which ends no thread.
    auto& store = *new stele::sqlite_store{stele::sqlite_store::open(file, options)};
    std::atomic<std::uint64_t> count = 0;
    for (int i = 0; i < 4; ++i)
        std::thread([&store, &count, acknowledged, i] {
            const stele::stream_id stream{"thread", std::to_string(i)};
            while (true) {
                const auto outcome =
                    i % 2 == 0 ? store.append(stream, stele::expected_version::any(), make_events(2))
                               : store.append_async(stream, stele::expected_version::any(), make_events(2)).get();
                const auto position = outcome.value().position.value;
                if (::write(acknowledged, &position, sizeof position) != sizeof position) return;
                ++count;
                count.notify_one();
            }
        }).detach();
    for (auto now = count.load(); now < appends_before_exit; now = count.load()) count.wait(now);
    std::exit(exit_code);
}

}  // namespace

TEST_CASE("exit() while threads append ends the program, and the file is whole") {
    for (int round = 0; round < 5; ++round) {
        const temp_dir directory;
        std::array<int, 2> pipe{};
        REQUIRE(::pipe(pipe.data()) == 0);
        std::cout.flush();  // or the child writes it again
        const auto child = ::fork();
        REQUIRE(child >= 0);
        if (child == 0) append_and_exit(directory / "events.db", pipe[1]);
        ::close(pipe[1]);
        std::vector<std::uint64_t> acknowledged;
        for (std::uint64_t position = 0; ::read(pipe[0], &position, sizeof position) == sizeof position;)
            acknowledged.push_back(position);
        ::close(pipe[0]);
        int status = 0;
        REQUIRE(::waitpid(child, &status, 0) == child);
        CHECK(WIFEXITED(status));
        CHECK(WEXITSTATUS(status) == exit_code);
        CHECK(acknowledged.size() >= appends_before_exit);

        auto store = stele::sqlite_store::open(directory / "events.db");
        std::uint64_t count = 0;
        for (const auto& event : store.read_all().events()) CHECK(event.position.value == ++count);
        CHECK(count % 2 == 0);
        for (const auto position : acknowledged) CHECK(position <= count);
        CHECK(store.append(stele::stream_id{"after-1"}, stele::expected_version::any(), make_events(1)));
    }
}
