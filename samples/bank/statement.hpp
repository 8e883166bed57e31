#pragma once

#include "bank/terminal.hpp"

#include <stele/event_store.hpp>

#include <string>
#include <string_view>

namespace bank {

/// The days of a statement, both inclusive. An empty text does not limit.
struct period {
    std::string from;
    std::string to;
};

/// What was booked on an account in a period, with the balances before and after? As text for a terminal, from a
/// replay of the events. Throws refusal if there is no such account, or the period ends before it begins.
std::string statement_of(stele::event_store& store, std::string_view account, const period& days, const ink& ink);

/// What did an account hold at the end of a day, and what made that balance? Each event that counts up to that day,
/// with the day it was recorded, and sums by kind. As text for a terminal, from a replay of the events.
/// Throws refusal if there was no such account yet.
std::string audit_of(stele::event_store& store, std::string_view account, std::string_view as_of, const ink& ink);

}  // namespace bank
