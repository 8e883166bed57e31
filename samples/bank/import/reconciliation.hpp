#pragma once

#include "bank/domain/money.hpp"
#include "bank/import/statement_file.hpp"

#include <cstddef>
#include <optional>
#include <string>
#include <vector>

namespace stele::inline v0 {
class event_store;
}

namespace bank {

/// A row whose stated balance differs from the replayed one.
struct mismatch {
    statement_row row;
    std::optional<money> replayed;  ///< nothing if no event has the row's transaction
};

/// The events of a store compared with a statement, row by row. Every row is exact, rounded or mismatched.
struct reconciliation {
    std::size_t accounts = 0;
    std::size_t exact = 0;    ///< the balance is the sum of the amounts
    std::size_t rounded = 0;  ///< the same, with a rounding by the bank at this row
    std::vector<mismatch> mismatched;

    [[nodiscard]] std::size_t reconciled() const { return exact + rounded; }
    [[nodiscard]] std::size_t transactions() const { return reconciled() + mismatched.size(); }

    /// "reconciled 7 of 8 transactions on 2 accounts: 5 exact, 2 rounded, 1 mismatched"
    [[nodiscard]] std::string str() const;
};

/// Is the balance after every transaction the one that the bank states? Replays the whole store and compares; it does
/// not depend on how the events were recorded.
reconciliation reconcile(stele::event_store& store, const statement_file& file);

}  // namespace bank
