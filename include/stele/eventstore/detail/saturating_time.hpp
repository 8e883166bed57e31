#pragma once

#include <chrono>

/// Sums and differences of times that stop at the largest and the smallest value. The plain operators wrap around, so
/// that "for ever" (`milliseconds::max()`) would become a time in the past.
namespace stele::inline v0::detail {

/// Returns `value` in the unit To, or the largest or smallest To.
template <class To, class Rep, class Period>
constexpr To saturating_cast(std::chrono::duration<Rep, Period> value) {
    using wide = std::chrono::duration<long double, typename To::period>;
    if (wide{value} >= wide{(To::max)()}) return (To::max)();
    if (!(wide{value} > wide{(To::min)()})) return (To::min)();  // also what is not a number
    return std::chrono::duration_cast<To>(value);
}

/// A length of time that a caller may give in any unit: in the unit To, and the largest or smallest To where it does
/// not fit. A parameter of the type To would have turned `hours::max()` into a time in the past before anybody looks at
/// it.
template <class To>
class saturated {
public:
    constexpr saturated() = default;
    template <class Rep, class Period>
    // NOLINTNEXTLINE(google-explicit-constructor): stands for the duration
    constexpr saturated(std::chrono::duration<Rep, Period> value) : value_(saturating_cast<To>(value)) {}
    // NOLINTNEXTLINE(google-explicit-constructor)
    constexpr operator To() const { return value_; }

    /// The same.
    [[nodiscard]] constexpr To value() const { return value_; }

private:
    To value_{};
};

/// Returns `from` + `by`.
template <class Clock, class Duration, class Rep, class Period>
constexpr std::chrono::time_point<Clock, Duration> saturating_add(std::chrono::time_point<Clock, Duration> from,
                                                                  std::chrono::duration<Rep, Period> by) {
    using point = std::chrono::time_point<Clock, Duration>;
    const auto step = saturating_cast<Duration>(by);
    if (step > Duration::zero() && from > (point::max)() - step) return (point::max)();
    if (step < Duration::zero() && from < (point::min)() - step) return (point::min)();
    return from + step;
}

/// Returns `to` - `from`.
template <class Clock, class Duration>
constexpr Duration saturating_difference(std::chrono::time_point<Clock, Duration> to,
                                         std::chrono::time_point<Clock, Duration> from) {
    if (from.time_since_epoch() < Duration::zero() &&
        to > (std::chrono::time_point<Clock, Duration>::max)() + from.time_since_epoch())
        return (Duration::max)();
    if (from.time_since_epoch() > Duration::zero() &&
        to < (std::chrono::time_point<Clock, Duration>::min)() + from.time_since_epoch())
        return (Duration::min)();
    return to - from;
}

/// Returns `value` times `factor`, which is not negative.
template <class Rep, class Period>
constexpr std::chrono::duration<Rep, Period> saturating_multiply(std::chrono::duration<Rep, Period> value, Rep factor) {
    using duration = std::chrono::duration<Rep, Period>;
    if (factor > 1 && value > (duration::max)() / factor) return (duration::max)();
    if (factor > 1 && value < (duration::min)() / factor) return (duration::min)();
    return value * factor;
}

/// The pause after the n-th failure in a row, n from 1: `first`, and twice as long each time, up to 64 times.
constexpr std::chrono::milliseconds pause_after(unsigned failures, std::chrono::milliseconds first) {
    constexpr unsigned most_doublings = 6;
    const auto doublings = failures < most_doublings + 1 ? failures - 1 : most_doublings;
    return saturating_multiply(first, std::chrono::milliseconds::rep{1} << doublings);
}

/// When a wait of this length that begins now is over.
template <class Rep, class Period>
std::chrono::steady_clock::time_point end_of_wait(std::chrono::duration<Rep, Period> timeout) {
    return saturating_add(std::chrono::steady_clock::now(), timeout);
}

}  // namespace stele::inline v0::detail
