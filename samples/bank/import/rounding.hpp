#pragma once

#include "bank/domain/money.hpp"

#include <cstddef>
#include <span>
#include <vector>

namespace bank {

/// What a statement says of one transaction, as far as rounding is concerned.
struct stated_transaction {
    money amount;
    money balance;
};

/// Where did the bank round? Returns for every transaction of one account 0 or the rounding, plus or minus
/// rounding_step, that must follow it so that the stated balances hold.
///
/// A stated balance holds if it follows from an earlier one that holds (at first from 0) by the amounts between, give
/// or take one rounding step for each of them. Usually all hold, and then the answer is simply the difference at each
/// row. Where they cannot all hold, as few as possible are taken to be wrong, and among such answers the one with the
/// fewest roundings counts: one wrong balance stays one wrong balance, and the rows after it still reconcile.
/// (A balance that is wrong by exactly one rounding step cannot be told from a rounding.)
std::vector<money> roundings(std::span<const stated_transaction> transactions);

}  // namespace bank
