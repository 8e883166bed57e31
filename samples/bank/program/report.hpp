#pragma once

#include "bank/program/terminal.hpp"
#include "bank/storage/ledger.hpp"

#include <string>

namespace bank {

/// What is the balance of an account? One line of text, from the read model. Throws refusal if there is no such
/// account.
std::string balance_line(ledger& ledger, std::string_view account, const ink& ink);

/// How is the bank doing? The largest balances, the overdrawn accounts and a chart of the turnover of each month, as
/// text for a terminal, from the read models.
std::string report_of(ledger& ledger, const ink& ink);

}  // namespace bank
