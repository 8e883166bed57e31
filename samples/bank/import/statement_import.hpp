#pragma once

#include "bank/domain/account.hpp"
#include "bank/domain/money.hpp"
#include "bank/import/reconciliation.hpp"
#include "bank/import/statement_file.hpp"
#include "bank/read/ledger.hpp"

#include <cstddef>
#include <cstdio>
#include <filesystem>
#include <string>
#include <vector>

namespace bank {

struct import_options {
    /// Of every account that is opened.
    money overdraft_limit = default_overdraft_limit;
    /// How many accounts are booked at a time. Many more than there are processors, because each waits for the disk
    /// and those that wait together share one sync.
    std::size_t threads = 64;
    /// Where to tell how far it is; may be null.
    std::FILE* progress = nullptr;
};

/// A row that the rules of the bank did not let pass. What follows on that account has not been sent: it would be
/// booked on a balance that the statement does not mean.
struct refused_row {
    statement_row row;
    std::string reason;
    std::size_t rows_not_sent = 0;  ///< after it, on the same account
};

struct import_result {
    std::vector<refused_row> refused;  ///< in the order of the file
    stele::position events;            ///< how many events were recorded
    double seconds = 0;                ///< that the sending took
    reconciliation reconciled;
};

/// Sends a statement to the bank as commands: an account is opened at its first row, then each row is a command with
/// the bank's transaction id as correlation id, and a rounding is posted where the bank made one. The rows of one
/// account go in the order of the file; several accounts go at a time.
///
/// Sending the same statement again, whole or after an interruption, records only what is not recorded yet: the bank
/// knows each command by its transaction. Throws stele::error (invalid_argument) if a transaction is there already with
/// other data.
std::vector<refused_row> send_statement(stele::event_store& store, const statement_file& file,
                                        const import_options& options);

/// Makes a bank in a directory from a statement file: reads the file, sends it, reconciles it.
///
/// The bank appears in the directory only when all of that is done. What an import leaves that was interrupted is
/// discarded by the next one. Throws refusal, and has written nothing then, if the file is malformed, the directory
/// holds a bank already, or another process imports into it.
import_result import_statement(const std::filesystem::path& statement, const bank_directory& directory,
                               const import_options& options);

/// What came of it, in lines for people. The last one is that of reconciliation::str().
std::string describe(const import_result& result, const std::filesystem::path& statement);

}  // namespace bank
