#pragma once

#include "bank/import/reconciliation.hpp"
#include "bank/tools/statement_generator.hpp"

#include <doctest/doctest.h>

#include <cstdlib>
#include <filesystem>
#include <map>
#include <optional>
#include <string>
#include <vector>

// Statements for tests, and what they state.
namespace bank {

inline statement_file generated(const statement_plan& plan) {
    return {"generated.csv", generate_statement(plan)};
}

// How many rows the generator rounded: those whose balance does not follow from the row before.
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

// The statement of a real bank, which is not part of the project; if it is missing, says so and returns nothing.
inline std::optional<std::filesystem::path> real_statement() {
    const char* shared = std::getenv("STELE_SHARED");
    auto file =
        (shared != nullptr ? std::filesystem::path(shared)
                           : std::filesystem::path(__FILE__).parent_path().parent_path().parent_path() / "shared") /
        "data" / "bank-statement.csv";
    if (std::filesystem::exists(file)) return file;
    MESSAGE("skipped: there is no " << file.string() << " (set STELE_SHARED to the folder above data/)");
    return std::nullopt;
}

}  // namespace bank
