#include "bank/read/balances.hpp"

#include <stele/eventstore/stream.hpp>

namespace bank {

void balances::create(stele::read_model& db) {
    // STRICT, so that a sum that does not fit is an error. Other tables would silently store a rounded number.
    db.execute(R"(CREATE TABLE balances (
        account         TEXT    PRIMARY KEY,
        balance         INTEGER NOT NULL,
        overdraft_limit INTEGER NOT NULL,
        opened_on       TEXT    NOT NULL,
        booked_on       TEXT    NOT NULL,
        closed_on       TEXT    NOT NULL,
        frozen_on       TEXT    NOT NULL
    ) STRICT, WITHOUT ROWID)");
}

void balances::project(const AccountOpenedV2& event, const stele::recorded_event& at, stele::read_model& db) {
    db.execute("INSERT INTO balances VALUES (?1, 0, ?2, ?3, ?3, '', '')", stele::instance_id_of(at.stream),
               -event.lowest_balance(), event.date());
}

void balances::book(const stele::recorded_event& at, const Booking& booking, money change, stele::read_model& db) {
    db.execute("UPDATE balances SET balance = balance + ?2, booked_on = max(booked_on, ?3) WHERE account = ?1",
               stele::instance_id_of(at.stream), change, booking.date());
}

void balances::project(const AccountClosed& event, const stele::recorded_event& at, stele::read_model& db) {
    db.execute("UPDATE balances SET closed_on = ?2 WHERE account = ?1", stele::instance_id_of(at.stream), event.date());
}

void balances::project(const AccountFrozen& event, const stele::recorded_event& at, stele::read_model& db) {
    db.execute("UPDATE balances SET frozen_on = ?2 WHERE account = ?1", stele::instance_id_of(at.stream), event.date());
}

void balances::project(const AccountUnfrozen&, const stele::recorded_event& at, stele::read_model& db) {
    db.execute("UPDATE balances SET frozen_on = '' WHERE account = ?1", stele::instance_id_of(at.stream));
}

namespace {

std::vector<account_balance> select(stele::read_model& db, std::string_view sql, const auto& argument) {
    std::vector<account_balance> found;
    for (auto&& row :
         db.query<std::string, money, money, std::string, std::string, std::string, std::string>(sql, argument))
        found.push_back(std::make_from_tuple<account_balance>(std::move(row)));
    return found;
}

}  // namespace

std::optional<account_balance> balance_of(stele::read_model& db, std::string_view account) {
    auto found = select(db, "SELECT * FROM balances WHERE account = ?1", account);
    return found.empty() ? std::nullopt : std::optional(std::move(found.front()));
}

std::vector<account_balance> largest_balances(stele::read_model& db, std::size_t limit) {
    return select(db, "SELECT * FROM balances ORDER BY balance DESC, account LIMIT ?1", limit);
}

balance_totals totals(stele::read_model& db) {
    return std::make_from_tuple<balance_totals>(
        *db.query_one<std::uint64_t, money>("SELECT count(*), coalesce(sum(balance), 0) FROM balances"));
}

}  // namespace bank
