#pragma once

#include <doctest/doctest.h>
#include <poll.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <chrono>
#include <concepts>
#include <csignal>
#include <cstdint>
#include <thread>

/// Forks a process that runs `work(pipe)`, which never returns and reports by single bytes. Waits for so many reports,
/// and for `more`, the only use of time: how far it is with what comes next. Then it kills the process.
template <std::invocable<int> Work>
void run_and_kill(const Work& work, std::uint64_t reports, std::chrono::microseconds more) {
    int ends[2];
    REQUIRE(::pipe(ends) == 0);
    const auto child = ::fork();
    REQUIRE(child >= 0);
    if (child == 0) {
        ::prctl(PR_SET_PDEATHSIG, SIGKILL);
        ::close(ends[0]);
        work(ends[1]);
    }
    ::close(ends[1]);
    for (char told = 0; reports > 0; --reports) {
        pollfd ready{ends[0], POLLIN, 0};
        REQUIRE(::poll(&ready, 1, 60'000) == 1);
        REQUIRE(::read(ends[0], &told, 1) == 1);
    }
    std::this_thread::sleep_for(more);
    ::kill(child, SIGKILL);
    int status = 0;
    REQUIRE(::waitpid(child, &status, 0) == child);
    ::close(ends[0]);
    REQUIRE(WIFSIGNALED(status));
}
