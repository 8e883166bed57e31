#include "bank/domain/standing_order_process.hpp"

#include "bank/domain/calendar.hpp"

#include <fmt/format.h>

namespace bank {

using reaction = standing_order_process::reaction;

reaction standing_order_process::react(const StandingOrderPlaced&) const {
    reaction answer;
    execute_next(answer);
    return answer;
}

reaction standing_order_process::react(const StandingOrderExecuted& event) const {
    RequestTransfer command;
    command.set_transfer(fmt::format("{}-{}", order, event.date()));
    command.set_source(terms.source());
    command.set_target(terms.target());
    command.set_amount(terms.amount());
    command.set_date(event.date());
    reaction answer;
    answer.send(command);
    execute_next(answer);
    return answer;
}

void standing_order_process::execute_next(reaction& answer) const {
    // Counted from the first day, so that an order for the 31st returns to the 31st after a shorter month.
    const auto date = months_after(terms.first_date(), executed);
    ExecuteStandingOrder command;
    command.set_order(order);
    command.set_date(date);
    answer.at(start_of(date), "next", command);
}

}  // namespace bank
