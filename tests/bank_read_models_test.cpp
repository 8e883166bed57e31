#include "bank/balances.hpp"
#include "bank/daily_turnover.hpp"

#include <stele/read_model.hpp>

#include <doctest/doctest.h>

#include <limits>

using namespace bank;

namespace {

// Where an event of this account stands; the rest does not matter to these projections.
stele::recorded_event at(std::string_view stream) {
    stele::recorded_event event{};
    event.stream = stream;
    return event;
}

template <class Event>
Event moving(const char* date, money amount) {
    Event event;
    event.mutable_booking()->set_date(date);
    event.set_amount(amount);
    return event;
}

AccountOpenedV2 opened(const char* date, money overdraft_limit) {
    AccountOpenedV2 event;
    event.set_date(date);
    event.set_lowest_balance(-overdraft_limit);
    return event;
}

std::vector<std::string> accounts_of(const std::vector<account_balance>& balances) {
    std::vector<std::string> accounts;
    accounts.reserve(balances.size());
    for (const auto& balance : balances) accounts.push_back(balance.account);
    return accounts;
}

}  // namespace

TEST_CASE("balances: what is on an account") {
    auto db = stele::read_model::in_memory();
    balances::create(db);
    CHECK(balance_of(db, "7") == std::nullopt);

    balances::project(opened("1993-01-05", 500), at("account-7"), db);
    auto row = balance_of(db, "7").value();
    CHECK(row.balance == 0);
    CHECK(row.overdraft_limit == 500);
    CHECK(row.opened_on == "1993-01-05");
    CHECK(row.booked_on == "1993-01-05");
    CHECK(row.closed_on.empty());

    balances::project(moving<MoneyDeposited>("1993-01-05", 1000), at("account-7"), db);
    balances::project(moving<MoneyWithdrawn>("1993-02-01", 100), at("account-7"), db);
    balances::project(moving<InterestPaid>("1993-02-28", 20), at("account-7"), db);
    balances::project(moving<InterestCharged>("1993-02-28", 3), at("account-7"), db);
    balances::project(moving<FeeCharged>("1993-01-31", 4), at("account-7"), db);
    balances::project(moving<RoundingPosted>("1993-01-31", -10), at("account-7"), db);
    row = balance_of(db, "7").value();
    CHECK(row.balance == 903);
    CHECK(row.booked_on == "1993-02-28");

    AccountClosed closed;
    closed.set_date("1993-12-31");
    balances::project(closed, at("account-7"), db);
    CHECK(balance_of(db, "7")->closed_on == "1993-12-31");
}

TEST_CASE("balances: the largest, the overdrawn, and all together") {
    auto db = stele::read_model::in_memory();
    balances::create(db);
    CHECK(totals(db).accounts == 0);
    CHECK(totals(db).balance == 0);

    for (const auto& [stream, amount] :
         {std::pair{"account-1", 50}, {"account-2", -20}, {"account-3", 70}, {"account-4", -30}, {"account-5", 0}}) {
        balances::project(opened("1993-01-05", 500), at(stream), db);
        if (amount > 0) balances::project(moving<MoneyDeposited>("1993-01-05", amount), at(stream), db);
        if (amount < 0) balances::project(moving<FeeCharged>("1993-01-05", -amount), at(stream), db);
    }
    CHECK(accounts_of(largest_balances(db, 2)) == std::vector<std::string>{"3", "1"});
    CHECK(accounts_of(overdrawn_accounts(db, 9)) == std::vector<std::string>{"4", "2"});
    CHECK(accounts_of(overdrawn_accounts(db, 1)) == std::vector<std::string>{"4"});
    CHECK(totals(db).accounts == 5);
    CHECK(totals(db).overdrawn == 2);
    CHECK(totals(db).balance == 70);
}

TEST_CASE("daily_turnover: what went in and out, by month") {
    auto db = stele::read_model::in_memory();
    daily_turnover::create(db);
    CHECK(turnover_by_month(db).empty());

    daily_turnover::project(moving<RoundingPosted>("1993-01-31", -10), at("account-7"), db);
    daily_turnover::project(moving<MoneyDeposited>("1993-01-31", 1000), at("account-7"), db);
    daily_turnover::project(moving<MoneyDeposited>("1993-01-31", 500), at("account-8"), db);
    daily_turnover::project(moving<FeeCharged>("1993-01-05", 4), at("account-7"), db);
    daily_turnover::project(moving<InterestPaid>("1993-03-01", 20), at("account-7"), db);
    daily_turnover::project(moving<InterestCharged>("1993-03-01", 3), at("account-7"), db);
    daily_turnover::project(moving<MoneyWithdrawn>("1993-03-02", 100), at("account-7"), db);
    daily_turnover::project(moving<RoundingPosted>("1993-03-02", 10), at("account-7"), db);

    const auto months = turnover_by_month(db);
    REQUIRE(months.size() == 2);
    CHECK(months[0].month == "1993-01");
    CHECK(months[0].transactions == 3);
    CHECK(months[0].credited == 1500);
    CHECK(months[0].debited == -4);
    CHECK(months[0].rounded == -10);
    CHECK(months[1].month == "1993-03");
    CHECK(months[1].transactions == 3);
    CHECK(months[1].credited == 20);
    CHECK(months[1].debited == -103);
    CHECK(months[1].rounded == 10);
}

TEST_CASE("daily_turnover: a sum that does not fit is an error, not another number") {
    auto db = stele::read_model::in_memory();
    daily_turnover::create(db);
    const auto much = moving<MoneyDeposited>("1993-01-31", std::numeric_limits<money>::max());
    daily_turnover::project(much, at("account-7"), db);
    CHECK_THROWS_AS(daily_turnover::project(much, at("account-8"), db), stele::error);
    CHECK(turnover_by_month(db).at(0).credited == std::numeric_limits<money>::max());
}
