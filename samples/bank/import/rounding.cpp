#include "bank/import/rounding.hpp"

#include <algorithm>
#include <compare>
#include <cstdint>
#include <cstdlib>
#include <limits>
#include <tuple>

namespace bank {
namespace {

// The cost of an explanation of the balances up to some row. Lower is better; wrong balances count first.
struct cost {
    std::size_t wrong = std::numeric_limits<std::size_t>::max();
    std::size_t roundings = 0;
    friend auto operator<=>(const cost&, const cost&) = default;
};

// The best explanation in which the balance of this row is correct.
struct explanation {
    cost so_far;
    std::size_t previous = 0;  // the last correct row before it
    money difference = 0;      // the sum of the roundings in between, a multiple of the step
    [[nodiscard]] bool possible() const { return so_far.wrong != cost{}.wrong; }
};

// Beyond this many wrong balances in a row, a match would be a coincidence.
constexpr std::size_t most_wrong_in_a_row = 100;

// Row 0 is the opening, with balance 0; row n is transaction n - 1.
explanation explain(std::span<const stated_transaction> transactions, std::span<const explanation> known) {
    const std::size_t row = known.size();
    explanation best;
    // Unsigned, so that sums may wrap: only differences near zero matter, and they are still correct.
    std::uint64_t difference = static_cast<std::uint64_t>(transactions[row - 1].balance);
    for (std::size_t distance = 1; distance <= std::min(row, most_wrong_in_a_row + 1); ++distance) {
        if (distance - 1 > best.so_far.wrong) break;
        const std::size_t previous = row - distance;
        difference -= static_cast<std::uint64_t>(transactions[previous].amount);
        if (!known[previous].possible()) continue;

        const money balance = previous == 0 ? 0 : transactions[previous - 1].balance;
        const auto rounded = static_cast<money>(difference - static_cast<std::uint64_t>(balance));
        const money steps = rounded / rounding_step;
        const auto most = static_cast<money>(distance);
        if (rounded % rounding_step != 0 || steps > most || steps < -most) continue;

        const auto& before = known[previous].so_far;
        const cost total{before.wrong + distance - 1, before.roundings + static_cast<std::size_t>(std::abs(steps))};
        if (total < best.so_far) best = {total, previous, rounded};
    }
    return best;
}

// Which last correct row costs least, if all rows after it are wrong?
std::size_t last_correct_row(std::span<const explanation> known) {
    std::size_t last = 0;
    cost least;
    for (std::size_t row = 0; row < known.size(); ++row) {
        if (!known[row].possible()) continue;
        const cost total{known[row].so_far.wrong + known.size() - 1 - row, known[row].so_far.roundings};
        if (total <= least) std::tie(last, least) = std::tie(row, total);
    }
    return last;
}

}  // namespace

std::vector<money> roundings(std::span<const stated_transaction> transactions) {
    std::vector<explanation> known{explanation{.so_far = {0, 0}}};
    for (std::size_t row = 1; row <= transactions.size(); ++row) known.push_back(explain(transactions, known));

    std::vector<money> result(transactions.size(), 0);
    for (std::size_t row = last_correct_row(known); row > 0; row = known[row].previous) {
        const money sign = known[row].difference < 0 ? -1 : 1;
        const auto steps = static_cast<std::size_t>(sign * known[row].difference / rounding_step);
        std::fill_n(result.begin() + static_cast<std::ptrdiff_t>(row - steps), steps, sign * rounding_step);
    }
    return result;
}

}  // namespace bank
