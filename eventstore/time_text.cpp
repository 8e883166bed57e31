#include <stele/eventstore/detail/time_text.hpp>

#include <fmt/chrono.h>
#include <fmt/format.h>

#include <chrono>

namespace stele::inline v0::detail {

// {fmt} overflows where it prints fractions of extreme times, and seconds before the first timestamp are no timestamp.
std::string time_text(timestamp time) {
    constexpr std::int64_t per_second = 1'000'000;
    const auto seconds = std::chrono::floor<std::chrono::seconds>(time);
    const auto rest = (time.time_since_epoch().count() % per_second + per_second) % per_second;
    return fmt::format("{:%F %T}", seconds) + (rest == 0 ? "" : fmt::format(".{:06}", rest));
}

}  // namespace stele::inline v0::detail
