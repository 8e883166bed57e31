#pragma once

#include "bank/domain/money.hpp"

#include <stele/eventstore/event_store.hpp>

#include <string>
#include <string_view>
#include <vector>

namespace bank {

/// One event of an account, as people read it.
struct history_entry {
    std::string date;         ///< the day on which it counts
    std::string transaction;  ///< the bank's id; empty for the opening and closing
    std::string kind;         ///< "cash_deposit", "rounding", "account_opened", …
    money change = 0;
    money balance = 0;       ///< after it
    stele::version version;  ///< which event of the account it is, in the order of recording
    stele::timestamp recorded_at;
};

/// How did the balance of this account come about? Replays its events and returns all of them in the order of the
/// days on which they count, and of their recording within a day: everything up to a day is a prefix.
/// Empty if there is no such account.
std::vector<history_entry> history_of(stele::event_store& store, std::string_view account);

}  // namespace bank
