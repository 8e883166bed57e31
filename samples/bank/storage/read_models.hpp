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

/// Adds all projections of the bank to a runner. Throws as stele::projection_runner::add does.
inline void add_projections(stele::projection_runner& runner) {
    runner.add<balances>();
    runner.add<account_statement>();
    runner.add<daily_turnover>();
    runner.add<overdrawn>();
}

/// A runner for the read models of the bank, without projections yet. There is one at a time: throws refusal if another
/// program has it.
stele::projection_runner open_runner(stele::event_store& events, const bank_directory& directory,
                                     stele::projection_runner_options options = {});

/// Opens a read model of the bank by its name, with all events in it. A look is free for any number of programs at a
/// time. Catching up, if it is needed, is for one of them: if that is another one, this waits for it, a few seconds at
/// most. Read models that another version of this program has made are made anew.
/// Throws refusal (as above), and as stele::projection_runner does.
stele::read_model open_read_model(stele::event_store& events, const bank_directory& directory, std::string_view name);

/// Which accounts hold most? Brings the read model up to date and asks it; if another program has the read models,
/// folds one from all events for this answer. Throws as stele::projection_runner does.
std::vector<std::pair<std::string, money>> ask_largest_accounts(stele::event_store& events,
                                                                const bank_directory& directory, std::size_t count);

}  // namespace bank
