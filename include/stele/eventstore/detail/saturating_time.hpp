#pragma once

#include <chrono>
#include <cstdint>
#include <ratio>
#include <type_traits>

/// Sums and differences of times that stop at the largest and the smallest value. The plain operators wrap around, so
/// that "for ever" (`milliseconds::max()`) would become a time in the past.
namespace stele::inline v0::detail {

/// What becomes of a fraction of the unit.
enum class rounding : std::uint8_t {
    away_from_zero,  ///< So that a wait is never shorter than was asked for, and only zero becomes zero.
    down,            ///< To the earlier time, as clocks do.
};

/// Returns `value` in the unit To, or the largest or smallest To. What is less than a millionth of the unit in a
/// floating-point value is taken for its error. What is not a number becomes the smallest To.
template <class To, rounding Fractions = rounding::away_from_zero, class Rep, class Period>
constexpr To saturating_cast(std::chrono::duration<Rep, Period> value) {
    using wide = std::chrono::duration<long double, typename To::period>;
    const auto exact = wide{value}.count();
    if (exact >= wide{(To::max)()}.count()) return (To::max)();
    if (!(exact > wide{(To::min)()}.count())) return (To::min)();  // also what is not a number
    using rep = typename To::rep;
    const rep away = value < value.zero() ? -1 : 1;
    const bool cut = Fractions == rounding::down && away > 0;
    if constexpr (std::chrono::treat_as_floating_point_v<Rep>) {
        constexpr auto error = 1e-6L;
        const auto whole = static_cast<rep>(exact);
        const auto rest = (exact - static_cast<long double>(whole)) * away;
        const bool is_next = cut ? rest >= 1 - error : rest > error || (whole == 0 && rest > 0);
        return To{is_next ? whole + away : whole};
    } else {
        // value * num / den, without the product, which may be too large where the quotient is not.
        using factor = std::ratio_divide<Period, typename To::period>;
        using count = std::common_type_t<rep, Rep, std::intmax_t>;
        constexpr auto num = static_cast<count>(factor::num);
        constexpr auto den = static_cast<count>(factor::den);
        const auto given = static_cast<count>(value.count());
        const auto rest = given % den * num;
        const auto whole = static_cast<rep>(given / den * num + rest / den);
        return To{rest % den != 0 && !cut ? whole + away : whole};
    }
}

/// A length of time that a caller may give in any unit: in the unit To, as saturating_cast() turns it into one. A
/// parameter of the type To would have turned `hours::max()` into a time in the past before anybody looks at it, and
/// would refuse finer units. It is a To for everything else: what can be done with one can be done with it.
///
/// For a To that is a time point, the same: `sys_days::max()` becomes the last one, and a fraction is rounded down.
template <class To>
class saturated : public To {
public:
    constexpr saturated() : To{To::zero()} {}
    template <class Rep, class Period>
    // NOLINTNEXTLINE(google-explicit-constructor): stands for the duration
    constexpr saturated(std::chrono::duration<Rep, Period> value) : To{saturating_cast<To>(value)} {}
};

template <class Clock, class Duration>
class saturated<std::chrono::time_point<Clock, Duration>> : public std::chrono::time_point<Clock, Duration> {
public:
    constexpr saturated() = default;
    template <class Given>
    // NOLINTNEXTLINE(google-explicit-constructor): stands for the time point
    constexpr saturated(std::chrono::time_point<Clock, Given> value)
        : std::chrono::time_point<Clock, Duration>{
              saturating_cast<Duration, rounding::down>(value.time_since_epoch())} {}
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
constexpr std::chrono::duration<Rep, Period> saturating_multiply(std::chrono::duration<Rep, Period> value,
                                                                 std::type_identity_t<Rep> factor) {
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
