#include "bank/ledger.hpp"

#include "bank/account.hpp"
#include "bank/balances.hpp"
#include "bank/daily_turnover.hpp"
#include "bank/standing_order.hpp"
#include "bank/transfer.hpp"

#include <stele/projection_runner.hpp>
#include <stele/schema.hpp>

#include <fmt/format.h>

#include <optional>

namespace bank {
namespace {

std::filesystem::path events_of(const bank_directory& directory) {
    if (!directory.holds_bank() && std::filesystem::exists(directory.unfinished()))
        throw refusal(
            fmt::format("the import into {} is not finished: wait for it, or run it again if it was "
                        "interrupted",
                        directory.root.string()));
    if (!directory.holds_bank())
        throw refusal(fmt::format("there is no bank in {}: make one with \"bank import FILE --data {}\"",
                                  directory.root.string(), directory.root.string()));
    return directory.bank() / bank_directory::events_file;
}

// Opens the read model of a projection when it knows every event; nothing if it does not exist or lags behind.
template <class Projection>
std::optional<stele::read_model> up_to_date(stele::event_store& events, const std::filesystem::path& directory) {
    const auto file = directory / fmt::format("{}.db", Projection::name);
    if (!std::filesystem::exists(file)) return std::nullopt;
    auto model = stele::read_model::open_read_only(file);
    if (model.checkpoint() < events.head()) return std::nullopt;
    return model;
}

// A look is free for any number of programs at a time; catching up is for one of them.
template <class Projection>
stele::read_model open_model(stele::event_store& events, const bank_directory& directory) {
    const auto models = directory.bank() / bank_directory::read_models;
    if (auto model = up_to_date<Projection>(events, models)) return *std::move(model);
    stele::projection_runner runner{events, models};
    runner.add<Projection>();
    runner.catch_up();
    return stele::read_model::open_read_only(models / fmt::format("{}.db", Projection::name));
}

}  // namespace

void refuse_if_occupied(const bank_directory& directory) {
    if (directory.holds_bank())
        throw refusal(fmt::format("{} holds a bank already: import into another directory, or remove {} first",
                                  directory.root.string(), directory.bank().string()));
}

void record_schemas(stele::event_store& store) {
    stele::record_schemas<account, transfer, standing_order>(store);
}

stele::sqlite_store open_events(const bank_directory& directory) {
    return stele::sqlite_store::open(events_of(directory));
}

ledger::ledger(const bank_directory& directory)
    : events_(open_events(directory)),
      balances_(open_model<bank::balances>(events_, directory)),
      daily_turnover_(open_model<bank::daily_turnover>(events_, directory)) {}

}  // namespace bank
