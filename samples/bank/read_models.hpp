#pragma once

#include "bank/balances.hpp"
#include "bank/daily_turnover.hpp"
#include "bank/ledger.hpp"
#include "bank/overdrawn.hpp"
#include "bank/statement.hpp"

#include <stele/projection_runner.hpp>

#include <filesystem>
#include <string>

namespace bank {

/// Adds all projections of the bank to a runner. Throws as stele::projection_runner::add does.
inline void add_projections(stele::projection_runner& runner) {
    runner.add<balances>();
    runner.add<statement>();
    runner.add<daily_turnover>();
    runner.add<overdrawn>();
}

/// Brings all read models of the bank up to date; those that another version of this program has made are made anew.
/// Throws as stele::projection_runner does: busy, if somebody else is at work on them.
void catch_up_read_models(stele::event_store& events, const std::filesystem::path& directory);

/// Opens the read model of a projection, with all events in it. A look is free for any number of programs at a time;
/// catching up, if it is needed, is for one of them. Throws as catch_up_read_models() does.
template <class Projection>
stele::read_model open_read_model(stele::event_store& events, const bank_directory& directory) {
    const auto file = directory.read_models() / (std::string(Projection::name) + ".db");
    if (std::filesystem::exists(file)) {
        auto model = stele::read_model::open_read_only(file);
        if (model.checkpoint() >= events.head()) return model;
    }
    catch_up_read_models(events, directory.read_models());
    return stele::read_model::open_read_only(file);
}

}  // namespace bank
