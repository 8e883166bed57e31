#pragma once

#include "bank/import/statement_file.hpp"

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <string>
#include <vector>

namespace bank {

/// Which statement to generate. The same plan gives the same statement on every machine.
struct statement_plan {
    std::size_t accounts = 60;
    int months = 12;
    std::uint64_t seed = 1;
    std::string first_day = "2024-01-01";
};

/// Generates a made-up statement: salaries and pensions, rent, cash, cards, interest and fees at the end of the month,
/// some overdrawn accounts, and now and then a balance that the bank has rounded.
std::vector<statement_row> generate_statement(const statement_plan& plan);

/// Writes the rows as a file for read_statement_file. Throws std::runtime_error that names the file.
void write_statement_file(const std::filesystem::path& path, const std::vector<statement_row>& rows);

}  // namespace bank
