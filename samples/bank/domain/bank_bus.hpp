#pragma once

#include "bank/domain/account.hpp"
#include "bank/domain/standing_order.hpp"
#include "bank/domain/transfer.hpp"

#include <stele/commands/command_bus.hpp>

#include <string_view>

namespace bank {

/// Brings every command of the bank to the aggregate that decides it.
using bank_bus = stele::command_bus<account, transfer, standing_order>;

/// Creates the bus of a bank, with the checks of authorization.hpp. The store must outlive it.
bank_bus make_bus(stele::event_store& store);

/// Executes all transfers and standing orders that are due at the beginning of the day `today`; returns when nothing
/// is left to do. Throws what stele::process_runner throws.
void carry_out(stele::event_store& store, bank_bus& bus, std::string_view today);

}  // namespace bank
