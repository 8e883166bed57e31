#include "bank/storage/ledger.hpp"

#include "bank/storage/read_models.hpp"

namespace bank {

ledger::ledger(const bank_directory& directory)
    : events_(open_events(directory)),
      balances_(open_read_model(events_, directory, bank::balances::name)),
      account_statement_(open_read_model(events_, directory, bank::account_statement::name)),
      daily_turnover_(open_read_model(events_, directory, bank::daily_turnover::name)),
      overdrawn_(open_read_model(events_, directory, bank::overdrawn::name)) {}

}  // namespace bank
