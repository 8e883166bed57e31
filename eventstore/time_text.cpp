#include <stele/eventstore/detail/time_text.hpp>

#include <fmt/chrono.h>
#include <fmt/format.h>

#include <chrono>
#include <cstdint>
#include <ctime>

namespace stele::inline v0::detail {

// {fmt} counts the nanoseconds of a time point, too many for one of an extreme year; and seconds before the first
// timestamp are no timestamp.
std::string time_text(timestamp time) {
    constexpr std::int64_t per_second = 1'000'000;
    const auto seconds = std::chrono::floor<std::chrono::seconds>(time);
    const auto rest = (time.time_since_epoch().count() % per_second + per_second) % per_second;
    const auto calendar = fmt::gmtime(std::time_t{seconds.time_since_epoch().count()});
    return fmt::format("{:%F %T}", calendar) + (rest == 0 ? "" : fmt::format(".{:06}", rest));
}

}  // namespace stele::inline v0::detail
