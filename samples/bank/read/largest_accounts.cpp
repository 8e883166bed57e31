#include "bank/read/largest_accounts.hpp"

#include <algorithm>
#include <tuple>

namespace bank {

LargestAccounts largest_accounts::snapshot() const {
    LargestAccounts saved;
    for (const auto& [account, balance] : balances) (*saved.mutable_balance())[account] = balance;
    return saved;
}

void largest_accounts::restore(const LargestAccounts& saved) {
    balances = {saved.balance().begin(), saved.balance().end()};
}

std::vector<std::pair<std::string, money>> largest_accounts::top(std::size_t count) const {
    std::vector<std::pair<std::string, money>> largest(std::min(count, balances.size()));
    std::ranges::partial_sort_copy(balances, largest, [](const auto& a, const auto& b) {
        return std::tie(b.second, a.first) < std::tie(a.second, b.first);
    });
    return largest;
}

}  // namespace bank
