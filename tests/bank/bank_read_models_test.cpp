#include "bank/read/account_statement.hpp"
#include "bank/read/balances.hpp"
#include "bank/read/daily_turnover.hpp"
#include "bank/read/overdrawn.hpp"

#include <stele/projections/sql/read_model.hpp>
#include <stele/testing/given_projection.hpp>

#include <doctest/doctest.h>

#include <limits>

using namespace bank;

namespace {

// An event of this stream. The other members do not matter to these projections.
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

std::vector<std::string> accounts_of(const auto& balances) {
    std::vector<std::string> accounts;
    accounts.reserve(balances.size());
    for (const auto& balance : balances) accounts.push_back(balance.account);
    return accounts;
}

}  // namespace

TEST_CASE("balances: the balance of an account") {
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

    AccountFrozen frozen;
    frozen.set_date("1993-03-01");
    balances::project(frozen, at("account-7"), db);
    CHECK(balance_of(db, "7")->frozen_on == "1993-03-01");
    balances::project(AccountUnfrozen{}, at("account-7"), db);
    CHECK(balance_of(db, "7")->frozen_on.empty());
}

TEST_CASE("balances: the largest, and all together") {
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
    CHECK(totals(db).accounts == 5);
    CHECK(totals(db).balance == 70);
}

TEST_CASE("overdrawn: which accounts are below zero, since when, and the lowest balance") {
    auto db = stele::read_model::in_memory();
    overdrawn::create(db);
    CHECK(overdrawn_count(db) == 0);
    for (const auto* stream : {"account-1", "account-2", "account-3", "account-4"})
        overdrawn::project(opened("1993-01-05", 500), at(stream), db);
    const auto charge = [&](const char* stream, const char* date, money amount) {
        overdrawn::project(moving<FeeCharged>(date, amount), at(stream), db);
    };
    const auto deposit = [&](const char* stream, const char* date, money amount) {
        overdrawn::project(moving<MoneyDeposited>(date, amount), at(stream), db);
    };
    charge("account-2", "1993-01-06", 20);
    charge("account-4", "1993-01-07", 30);
    deposit("account-3", "1993-01-07", 70);
    CHECK(accounts_of(overdrawn_accounts(db, 9)) == std::vector<std::string>{"4", "2"});
    CHECK(accounts_of(overdrawn_accounts(db, 1)) == std::vector<std::string>{"4"});
    CHECK(overdrawn_count(db) == 2);

    charge("account-2", "1993-01-08", 50);
    deposit("account-2", "1993-01-09", 40);
    auto row = overdrawn_accounts(db, 9).at(0);
    CHECK(row.account == "2");
    CHECK(row.balance == -30);
    CHECK(row.overdraft_limit == 500);
    CHECK(row.since == "1993-01-06");
    CHECK(row.deepest == -70);

    // At zero it is no longer overdrawn; the next time counts from its own day.
    deposit("account-2", "1993-01-10", 30);
    CHECK(accounts_of(overdrawn_accounts(db, 9)) == std::vector<std::string>{"4"});
    charge("account-2", "1993-01-11", 1);
    row = overdrawn_accounts(db, 9).at(1);
    CHECK(row.since == "1993-01-11");
    CHECK(row.deepest == -1);
}

TEST_CASE("account_statement: a late event is on its own day, and changes the balances after it") {
    const auto on_7 = [](auto event) { return stele::recorded(std::move(event), {.stream = "account-7"}); };
    using row = std::tuple<std::string, money, money>;
    stele::given_projection<account_statement>(
        on_7(opened("1993-01-05", 0)), on_7(moving<MoneyDeposited>("1993-01-05", 100)),
        on_7(moving<MoneyWithdrawn>("1993-03-01", 30)),
        stele::recorded(moving<MoneyDeposited>("1993-03-01", 5), {.stream = "account-8"}))
        .when(on_7(moving<FeeCharged>("1993-02-01", 4)))
        .then_rows("SELECT date, change, balance FROM statement WHERE account = '7' ORDER BY date, version",
                   row{"1993-01-05", 0, 0}, row{"1993-01-05", 100, 100}, row{"1993-02-01", -4, 96},
                   row{"1993-03-01", -30, 66})
        .then_rows("SELECT date, change, balance FROM statement WHERE account = '8'", row{"1993-03-01", 5, 5})
        .then_same_when_rebuilt();
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
