#include "bank/domain/bank_bus.hpp"

#include "bank/domain/authorization.hpp"
#include "bank/domain/calendar.hpp"
#include "bank/domain/standing_order_process.hpp"
#include "bank/domain/transfer_process.hpp"

#include <stele/processes/process_runner.hpp>

#include <chrono>

namespace bank {

bank_bus make_bus(stele::event_store& store) {
    return bank_bus{store, {.middleware = {authorize_officers()}}};
}

void carry_out(stele::event_store& store, bank_bus& bus, std::string_view today) {
    stele::process_runner runner{store, {.now = [now = start_of(today)] { return now; }}};
    runner.add<transfer_process>(bus);
    // An order is executed on each of its days, also on those that had passed when the bank began to execute orders.
    runner.add<standing_order_process>(bus, {.skip_deadlines_older_than = std::chrono::microseconds::max()});
    runner.catch_up();
}

}  // namespace bank
