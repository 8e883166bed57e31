#include "bank/read/overdrawn.hpp"

#include <stele/eventstore/stream.hpp>

#include <tuple>

namespace bank {

void overdrawn::create(stele::read_model& db) {
    // Every account has a row, because its balance is needed to notice when it falls below zero.
    // STRICT, so that a sum that does not fit is an error. Other tables would silently store a rounded number.
    db.execute_script(R"(
        CREATE TABLE overdrawn (
            account         TEXT    PRIMARY KEY,
            balance         INTEGER NOT NULL,
            overdraft_limit INTEGER NOT NULL,
            since           TEXT    NOT NULL,  -- empty if the balance is not below zero
            deepest         INTEGER NOT NULL
        ) STRICT, WITHOUT ROWID;
        CREATE INDEX deepest_first ON overdrawn (balance, account) WHERE balance < 0)");
}

void overdrawn::project(const AccountOpenedV2& event, const stele::recorded_event& at, stele::read_model& db) {
    db.execute("INSERT INTO overdrawn VALUES (?1, 0, ?2, '', 0)", stele::instance_id_of(at.stream),
               -event.lowest_balance());
}

void overdrawn::book(const stele::recorded_event& at, const Booking& booking, money change, stele::read_model& db) {
    db.execute(
        "UPDATE overdrawn SET balance = balance + ?2, "
        "since = CASE WHEN balance + ?2 >= 0 THEN '' WHEN since = '' THEN ?3 ELSE since END, "
        "deepest = CASE WHEN balance + ?2 >= 0 THEN 0 ELSE min(deepest, balance + ?2) END WHERE account = ?1",
        stele::instance_id_of(at.stream), change, booking.date());
}

std::vector<overdrawn_account> overdrawn_accounts(stele::read_model& db, std::size_t limit) {
    std::vector<overdrawn_account> accounts;
    for (auto&& row : db.query<std::string, money, money, std::string, money>(
             "SELECT * FROM overdrawn WHERE balance < 0 ORDER BY balance, account LIMIT ?1", limit))
        accounts.push_back(std::make_from_tuple<overdrawn_account>(std::move(row)));
    return accounts;
}

std::uint64_t overdrawn_count(stele::read_model& db) {
    return std::get<0>(*db.query_one<std::uint64_t>("SELECT count(*) FROM overdrawn WHERE balance < 0"));
}

}  // namespace bank
