#include "bank/money.hpp"

#include <fmt/format.h>

#include <stdexcept>

namespace bank {

money total(money a, money b) {
    if (const auto sum = add(a, b)) return *sum;
    throw std::overflow_error("the sum of " + format_money(a) + " and " + format_money(b) + " is too large to show");
}

std::string format_count(std::uint64_t count) {
    std::string digits = std::to_string(count);
    for (auto at = digits.size(); at > 3; at -= 3) digits.insert(at - 3, 1, ' ');
    return digits;
}

std::string format_money(money amount) {
    // The magnitude of the smallest amount fits only without a sign.
    const auto bits = static_cast<std::uint64_t>(amount);
    const std::uint64_t magnitude = amount < 0 ? 0 - bits : bits;
    return fmt::format("{}{}.{:02}", amount < 0 ? "-" : "", format_count(magnitude / 100), magnitude % 100);
}

}  // namespace bank
