#pragma once

#include "benchmarks/account.hpp"
#include "benchmarks/workload.hpp"

#include <cstddef>
#include <filesystem>
#include <random>
#include <vector>

namespace bench {

/// Makes a store in which the first accounts are open and have nine deposits each.
void open_accounts(const std::filesystem::path& file, std::size_t accounts);

/// Deposits to some of these accounts, as commands or as the appends that such commands lead to. Both sides of a
/// comparison get the same ones when each has deposits of its own.
class deposits {
public:
    deposits(std::size_t first_account, std::size_t accounts);

    /// To an account chosen at random.
    DepositMoney command();
    /// To this one of the accounts, counted from 0.
    DepositMoney command_to(std::size_t account);
    std::vector<DepositMoney> commands(std::size_t count);
    batch to_append();
    std::vector<batch> appends(std::size_t count);

private:
    std::size_t first_;
    std::vector<stele::version> versions_;  // by account, counted from the first
    std::mt19937_64 random_{42};
};

/// Makes a store in which these accounts are open, and which has so many deposits more, to accounts chosen at random.
void make_deposits(const std::filesystem::path& file, std::size_t accounts, std::size_t events);

}  // namespace bench
