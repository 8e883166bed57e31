#pragma once

#include "bank/domain/money.hpp"
#include "bank/import/statement_file.hpp"

#include <stele/eventstore/event_store.hpp>

#include <cstddef>
#include <optional>
#include <string>
#include <vector>

namespace bank {

/// A row whose stated balance is not what the events say.
struct mismatch {
    statement_row row;
    std::optional<money> replayed;  ///< nothing if no event carries the row's transaction
};

/// How the events of a store compare with a statement, row by row. Every row is in exactly one of the three.
struct reconciliation {
    std::size_t accounts = 0;
    std::size_t exact = 0;    ///< the balance follows from the amounts
    std::size_t rounded = 0;  ///< it does with a rounding that the bank made at this row
    std::vector<mismatch> mismatched;

    [[nodiscard]] std::size_t reconciled() const { return exact + rounded; }
    [[nodiscard]] std::size_t transactions() const { return reconciled() + mismatched.size(); }

    /// "reconciled 7 of 8 transactions on 2 accounts: 5 exact, 2 rounded, 1 mismatched"
    [[nodiscard]] std::string str() const;
};

/// Do the events say, after every transaction, what the bank states? Replays the whole store and compares; it knows
/// nothing of how the events came to be there.
reconciliation reconcile(stele::event_store& store, const statement_file& file);

}  // namespace bank
