#pragma once

#include "bank/domain/money.hpp"

#include <cstddef>
#include <span>
#include <vector>

namespace bank {

/// What a statement says about one transaction, as far as rounding is concerned.
struct stated_transaction {
    money amount;
    money balance;
};

/// Where did the bank round? Returns for every transaction of one account 0, or the rounding (plus or minus
/// rounding_step) that must follow it so that the stated balances are correct.
///
/// A stated balance is correct if it equals an earlier correct one (or the initial 0) plus the amounts in between, with
/// at most one rounding step for each amount. Usually all are correct, and the roundings are simply the differences at
/// each row. Otherwise as few balances as possible are treated as wrong, with as few roundings as possible: one wrong
/// balance stays one wrong balance, and the rows after it still reconcile.
/// (A balance that is wrong by exactly one rounding step looks the same as a rounding.)
std::vector<money> roundings(std::span<const stated_transaction> transactions);

}  // namespace bank
