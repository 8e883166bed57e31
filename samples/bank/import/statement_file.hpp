#pragma once

#include "bank/domain/money.hpp"
#include "bank/domain/transaction_kind.hpp"

#include <cstddef>
#include <expected>
#include <filesystem>
#include <string>
#include <string_view>
#include <vector>

namespace bank {

/// The first line of every statement file.
inline constexpr std::string_view statement_header = "account,date,transaction,kind,amount,balance";

/// One transaction as the bank states it.
struct statement_row {
    std::size_t line = 0;  ///< in the file; 1 is the header
    std::string account;
    std::string date;
    std::string transaction;
    const transaction_kind* kind = nullptr;
    money amount = 0;
    money balance = 0;  ///< of the account after the transaction
};

/// The rows of a file, in order. Every row has been checked.
struct statement_file {
    std::filesystem::path path;
    std::vector<statement_row> rows;
};

/// What is wrong with a statement file: one sentence with the file, the line and the field:
/// `may.csv:17: amount: "12x" is not a whole number`.
struct malformed_statement {
    std::string message;
};

/// Reads and checks a whole file, so that no row of a malformed file is used.
///
/// A row has six fields without quotes: account number, date (not before that of the row above), the bank's transaction
/// id (unique in the file), a known kind, an amount whose sign matches the kind, and the balance.
std::expected<statement_file, malformed_statement> read_statement_file(const std::filesystem::path& path);

/// The rows of each account, in the order of the file; the accounts in the order of their first row.
/// The pointers point into `file`.
std::vector<std::vector<const statement_row*>> rows_by_account(const statement_file& file);

/// One row as a line of a file, without the line end.
std::string to_csv(const statement_row& row);

}  // namespace bank
