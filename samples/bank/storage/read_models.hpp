#pragma once

#include "bank/read/account_statement.hpp"
#include "bank/read/balances.hpp"
#include "bank/read/daily_turnover.hpp"
#include "bank/read/largest_accounts.hpp"
#include "bank/read/overdrawn.hpp"
#include "bank/storage/bank_directory.hpp"

#include <stele/projections/projection_runner.hpp>

#include <string_view>

namespace bank {

/// Adds the SQL projections of the bank to a runner. Throws as stele::projection_runner::add does.
inline void add_projections(stele::projection_runner& runner) {
    runner.add<balances>();
    runner.add<account_statement>();
    runner.add<daily_turnover>();
    runner.add<overdrawn>();
}

/// Opens a runner for the read models of the bank, without projections. There can be only one at a time: throws refusal
/// if another program has one.
stele::projection_runner open_runner(stele::event_store& events, const bank_directory& directory,
                                     stele::projection_runner_options options = {});

/// Opens the read model of this name and brings it up to date first. Any number of programs can read at the same time,
/// but only one can update: if that is another one, waits for it, at most 3 seconds. Rebuilds read models that another
/// version of this program has written. Throws refusal (as above), and as stele::projection_runner does.
stele::read_model open_read_model(stele::event_store& events, const bank_directory& directory, std::string_view name);

/// Which accounts hold most? Brings the read model up to date and queries it; if another program has the runner, folds
/// all events for this one answer. Throws as stele::projection_runner does.
std::vector<std::pair<std::string, money>> ask_largest_accounts(stele::event_store& events,
                                                                const bank_directory& directory, std::size_t count);

}  // namespace bank
