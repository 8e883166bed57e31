#pragma once

#include "bank/domain/events.hpp"
#include "bank/domain/money.hpp"

#include <stele/eventstore/event.hpp>
#include <stele/projections/sql/read_model.hpp>

#include <string>
#include <vector>

namespace bank {

/// How much money went in and out on each day.
struct daily_turnover {
    static constexpr auto name = "daily_turnover";
    static constexpr int version = 1;
    // The events that move money.
    static constexpr auto events =
        hana::tuple_t<MoneyDeposited, MoneyWithdrawn, InterestPaid, InterestCharged, FeeCharged, RoundingPosted>;

    static void create(stele::read_model& db);

    static void project(const RoundingPosted& event, const stele::recorded_event& at, stele::read_model& db);
    static void project(const moves_money auto& event, const stele::recorded_event&, stele::read_model& db) {
        book(event.booking(), change_of(event), db);
    }

private:
    static void book(const Booking& booking, money change, stele::read_model& db);
};

/// What went in and out in one month, for all accounts together.
struct month_turnover {
    std::string month;  ///< "1993-01"
    std::uint64_t transactions = 0;
    money credited = 0;
    money debited = 0;  ///< negative
    money rounded = 0;
};

/// How much went in and out in each month? Leaves out months without transactions.
std::vector<month_turnover> turnover_by_month(stele::read_model& db);

}  // namespace bank
