#include "bank/domain/money.hpp"

#include <fmt/format.h>

#include <stdexcept>

namespace bank {

money total(money a, money b) {
    if (const auto sum = add(a, b)) return *sum;
    throw std::overflow_error("the sum of " + format_money(a) + " and " + format_money(b) + " is too large to display");
}

std::optional<money> parse_money(std::string_view text) {
    const auto point = text.find('.');
    const auto whole = text.substr(0, point);
    std::string digits(whole);
    if (point != std::string_view::npos) digits += text.substr(point + 1);
    const auto decimals = digits.size() - whole.size();
    if (whole.empty() || decimals > 2 || (point != std::string_view::npos && decimals == 0)) return std::nullopt;
    digits.append(2 - decimals, '0');

    money amount = 0;
    for (const char digit : digits) {
        if (digit < '0' || digit > '9') return std::nullopt;
        if (__builtin_mul_overflow(amount, 10, &amount) || __builtin_add_overflow(amount, digit - '0', &amount))
            return std::nullopt;
    }
    return amount;
}

std::string format_count(std::uint64_t count) {
    std::string digits = std::to_string(count);
    for (auto at = digits.size(); at > 3; at -= 3) digits.insert(at - 3, 1, ' ');
    return digits;
}

std::string counted(std::uint64_t count, std::string_view thing) {
    return fmt::format("{} {}{}", format_count(count), thing, count == 1 ? "" : "s");
}

std::string format_money(money amount) {
    // The magnitude of the smallest amount fits only into an unsigned number.
    const auto bits = static_cast<std::uint64_t>(amount);
    const std::uint64_t magnitude = amount < 0 ? 0 - bits : bits;
    return fmt::format("{}{}.{:02}", amount < 0 ? "-" : "", format_count(magnitude / 100), magnitude % 100);
}

}  // namespace bank
