#include "eventstore/files/name_watch.hpp"

#include <sys/stat.h>

#include <ctime>

namespace stele::inline v0::detail {
namespace {

constexpr std::int64_t two_ticks_ms = 20;  // a tick is 10 ms at most
constexpr std::int64_t longest_ms = 100;

std::int64_t milliseconds(const timespec& time) {
    return std::int64_t{time.tv_sec} * 1000 + time.tv_nsec / 1'000'000;
}

std::int64_t now_by(clockid_t clock) {
    timespec now{};
    ::clock_gettime(clock, &now);
    return milliseconds(now);
}

}  // namespace

std::optional<name_watch::state> name_watch::now() const noexcept {
    struct stat found{};
    if (::stat(directory_.c_str(), &found) != 0) return {};
    // A time in the future is that of a clock that was set back.
    const auto age = now_by(CLOCK_REALTIME_COARSE) - milliseconds(found.st_ctim);
    if (age < two_ticks_ms) return {};
    return state{found.st_dev, found.st_ino, found.st_ctim.tv_sec, found.st_ctim.tv_nsec};
}

bool name_watch::is_quiet() const noexcept {
    return seen_ && now_by(CLOCK_MONOTONIC_COARSE) - looked_at_ < longest_ms && now() == seen_;
}

void name_watch::look() noexcept {
    seen_.reset();
    looked_at_ = now_by(CLOCK_MONOTONIC_COARSE);
    looked_ = now();
}

}  // namespace stele::inline v0::detail
