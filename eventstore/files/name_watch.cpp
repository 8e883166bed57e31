#include "eventstore/files/name_watch.hpp"

#include "eventstore/files/file_age.hpp"

#include <sys/stat.h>

#include <ctime>

namespace stele::inline v0::detail {
namespace {

constexpr std::int64_t longest = 100;  // milliseconds

std::int64_t milliseconds_now() {
    timespec now{};
    ::clock_gettime(CLOCK_MONOTONIC_COARSE, &now);
    return std::int64_t{now.tv_sec} * 1000 + now.tv_nsec / 1'000'000;
}

}  // namespace

std::optional<name_watch::state> name_watch::now() const noexcept {
    struct stat found{};
    if (::stat(directory_.c_str(), &found) != 0) return {};
    if (age_of(found.st_ctim.tv_sec, found.st_ctim.tv_nsec) < two_ticks) return {};
    return state{found.st_dev, found.st_ino, found.st_ctim.tv_sec, found.st_ctim.tv_nsec};
}

bool name_watch::is_quiet() const noexcept {
    return seen_ && milliseconds_now() - looked_at_ < longest && now() == seen_;
}

void name_watch::look() noexcept {
    seen_.reset();
    looked_at_ = milliseconds_now();
    looked_ = now();
}

}  // namespace stele::inline v0::detail
