#pragma once

#include "bank/program/terminal.hpp"
#include "bank/read/account_statement.hpp"

#include <stele/eventstore/event_store.hpp>
#include <stele/projections/sql/read_model.hpp>

#include <cstdint>
#include <string>
#include <string_view>

namespace bank {

/// The number of lines on one page of a statement.
inline constexpr std::uint64_t statement_page_lines = 25;

/// What was booked on an account in a period, with the balances before and after? As text for a terminal, from the read
/// model account_statement: one page, counted from 1, or all pages for 0. Throws refusal if there is no such account or
/// page, or if the period ends before it begins.
std::string statement_of(stele::read_model& db, std::string_view account, const period& days, std::uint64_t page_number,
                         const ink& ink);

/// What was the balance of an account at the end of a day, and what is it made of? Lists every event up to that day
/// with the day it was recorded, and the sums by kind, as text for a terminal, from a replay of the events. Throws
/// refusal if the account did not exist yet.
std::string audit_of(stele::event_store& store, std::string_view account, std::string_view as_of, const ink& ink);

}  // namespace bank
