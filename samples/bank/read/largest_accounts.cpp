#include "bank/read/largest_accounts.hpp"

#include <stele/projections/memory/fold.hpp>
#include <stele/projections/projection_runner.hpp>

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

std::vector<std::pair<std::string, money>> ask_largest_accounts(stele::event_store& events,
                                                                const bank_directory& directory, std::size_t count) {
    try {
        stele::projection_runner runner{events, directory.read_models()};
        runner.add<largest_accounts>();
        runner.catch_up();
        return runner.query<largest_accounts>([&](const largest_accounts& all) { return all.top(count); });
    } catch (const stele::error& failure) {
        if (failure.kind() != stele::error_kind::busy) throw;
        return stele::fold<largest_accounts>(events).top(count);
    }
}

}  // namespace bank
