#pragma once

#include "bank/program/terminal.hpp"
#include "bank/read/account_statement.hpp"

#include <stele/eventstore/event_store.hpp>
#include <stele/projections/sql/read_model.hpp>

#include <cstdint>
#include <string>
#include <string_view>

namespace bank {

/// So many lines are on one page of a statement.
inline constexpr std::uint64_t statement_page_lines = 25;

/// What was booked on an account in a period, with the balances before and after? As text for a terminal, from the read
/// model `statement`: one of its pages, counted from 1, or for 0 all of it. Throws refusal if there is no such account
/// or page, or the period ends before it begins.
std::string statement_of(stele::read_model& db, std::string_view account, const period& days, std::uint64_t page_number,
                         const ink& ink);

/// What did an account hold at the end of a day, and what made that balance? Each event that counts up to that day,
/// with the day it was recorded, and sums by kind. As text for a terminal, from a replay of the events.
/// Throws refusal if there was no such account yet.
std::string audit_of(stele::event_store& store, std::string_view account, std::string_view as_of, const ink& ink);

}  // namespace bank
