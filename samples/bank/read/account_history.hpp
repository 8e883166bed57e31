#pragma once

#include "bank/domain/money.hpp"

#include <stele/eventstore/event_store.hpp>

#include <string>
#include <string_view>
#include <vector>

namespace bank {

/// One event of an account, for people.
struct history_entry {
    std::string date;         ///< the day for which it is booked
    std::string transaction;  ///< the bank's id; empty if the event moves no money
    std::string kind;         ///< "cash_deposit", "rounding", "account_opened", …
    money change = 0;
    money balance = 0;       ///< after the event
    stele::version version;  ///< of the event in its stream: the order of recording
    stele::timestamp recorded_at;
};

/// How did the balance of this account come about? Replays its events and returns them in the order of their dates, and
/// within a day in the order of recording: everything up to a day is a prefix. Empty if there is no such account.
std::vector<history_entry> history_of(stele::event_store& store, std::string_view account);

}  // namespace bank
