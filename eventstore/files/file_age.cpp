#include "eventstore/files/file_age.hpp"

#include <algorithm>
#include <ctime>

namespace stele::inline v0::detail {

std::int64_t age_of(std::int64_t seconds, std::int64_t nanoseconds) noexcept {
    timespec now{};
    ::clock_gettime(CLOCK_REALTIME_COARSE, &now);
    constexpr std::int64_t second = 1'000'000'000;
    // Before the subtraction, which may overflow otherwise.
    const auto since = std::clamp(seconds, now.tv_sec - 2, now.tv_sec + 2);
    return (now.tv_sec - since) * second + now.tv_nsec - nanoseconds;
}

}  // namespace stele::inline v0::detail
