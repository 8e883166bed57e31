#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace bank {

/// Amounts and balances are whole numbers of the currency's minor unit (1/100), credits positive, debits negative.
using money = std::int64_t;

/// The step in which the bank rounds balances.
inline constexpr money rounding_step = 10;

/// The sum, or nothing if it does not fit: money never wraps around.
constexpr std::optional<money> add(money a, money b) {
    money sum = 0;
    if (__builtin_add_overflow(a, b, &sum)) return std::nullopt;
    return sum;
}

/// The sum of amounts that are only displayed. Throws std::overflow_error if it does not fit.
money total(money a, money b);

/// The amount for people, in the major unit: "1 234.50", "-0.05".
std::string format_money(money amount);

/// The amount in a text such as "1234.50", "1234.5" or "1234", without a sign. Nothing if the text is not an amount or
/// the amount does not fit.
std::optional<money> parse_money(std::string_view text);

/// A count for people: "32 171".
std::string format_count(std::uint64_t count);

/// A count of things: "1 row", "32 171 rows".
std::string counted(std::uint64_t count, std::string_view thing);

}  // namespace bank
