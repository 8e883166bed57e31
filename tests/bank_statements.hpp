#pragma once

#include "bank/reconciliation.hpp"
#include "bank/statement_generator.hpp"

#include <map>
#include <string>
#include <vector>

// What the tests of the import say about statements.
namespace bank {

inline statement_file generated(const statement_plan& plan) {
    return {"generated.csv", generate_statement(plan)};
}

// How many rows the generator has rounded: those that do not follow from the row before.
inline std::size_t rounded_rows(const statement_file& file) {
    std::map<std::string, money> balance;
    std::size_t rounded = 0;
    for (const auto& row : file.rows) {
        rounded += balance[row.account] + row.amount != row.balance ? 1 : 0;
        balance[row.account] = row.balance;
    }
    return rounded;
}

// The last balance that the file states for each account.
inline std::map<std::string, money> stated_balances(const statement_file& file) {
    std::map<std::string, money> balance;
    for (const auto& row : file.rows) balance[row.account] = row.balance;
    return balance;
}

inline std::vector<std::size_t> lines_of(const std::vector<mismatch>& mismatched) {
    std::vector<std::size_t> lines;
    lines.reserve(mismatched.size());
    for (const auto& wrong : mismatched) lines.push_back(wrong.row.line);
    return lines;
}

}  // namespace bank
