#pragma once

#include "bank/storage/bank_directory.hpp"

#include <stele/eventstore/sqlite/sqlite_store.hpp>
#include <stele/projections/sql/read_model.hpp>

namespace bank {

/// A bank that is open for questions: its event store and its read models, all of them up to date.
class ledger {
public:
    /// Opens the bank in the directory and brings its read models up to date. Throws refusal if there is none.
    explicit ledger(const bank_directory& directory);

    /// The events, for questions about how something came about.
    [[nodiscard]] stele::event_store& events() { return events_; }
    // The read models.
    [[nodiscard]] stele::read_model& balances() { return balances_; }
    [[nodiscard]] stele::read_model& account_statement() { return account_statement_; }
    [[nodiscard]] stele::read_model& daily_turnover() { return daily_turnover_; }
    [[nodiscard]] stele::read_model& overdrawn() { return overdrawn_; }

private:
    stele::sqlite_store events_;
    stele::read_model balances_;
    stele::read_model account_statement_;
    stele::read_model daily_turnover_;
    stele::read_model overdrawn_;
};

}  // namespace bank
