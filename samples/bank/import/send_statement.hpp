#pragma once

#include "bank/domain/account.hpp"
#include "bank/domain/money.hpp"
#include "bank/import/statement_file.hpp"

#include <cstddef>
#include <functional>
#include <string>
#include <vector>

namespace stele::inline v0 {
class event_store;
}

namespace bank {

struct import_options {
    /// The limit of every account that is opened.
    money overdraft_limit = default_overdraft_limit;
    /// How many accounts are booked at a time. Many more than there are processors, because each waits for the disk
    /// and those that wait together share one sync.
    std::size_t threads = 64;
    /// Called after each row that was booked, by one thread at a time. May be empty.
    std::function<void(std::size_t rows_booked, std::size_t rows)> progress = {};
};

/// A row that the rules of the bank rejected. The later rows of that account are not sent: they would be booked on a
/// balance that the statement does not mean.
struct refused_row {
    statement_row row;
    std::string reason;
    std::size_t rows_not_sent = 0;  ///< the later rows of the same account
};

/// Sends a statement to the bank as commands: the first row of an account opens it, then each row is a command with
/// the bank's transaction id as correlation id and its date as business time, and a rounding is posted wherever the
/// bank rounded. The rows of one account are sent in the order of the file; several accounts are sent at a time.
///
/// Idempotent: sending the same statement again, whole or after an interruption, records only what is missing, because
/// each command has an idempotency key made from its transaction. Returns the refused rows in the order of the file.
/// Throws stele::error (invalid_argument) if a transaction is already recorded with other data.
std::vector<refused_row> send_statement(stele::event_store& store, const statement_file& file,
                                        const import_options& options);

}  // namespace bank
