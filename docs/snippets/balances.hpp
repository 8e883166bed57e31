// A projection of the example domain: the balance of every account, in a table.
#pragma once

#include "bank.hpp"

#include <stele/projections.hpp>

namespace bank {

// [projection]
struct balances {
    static constexpr auto name = "balances";  // also the name of its file: balances.db
    static constexpr int version = 1;         // increase it when create() or project() changes
    static constexpr auto events = hana::tuple_t<AccountOpened, MoneyDeposited, MoneyWithdrawn>;

    static void create(stele::read_model& db) {
        db.execute("CREATE TABLE balances (account TEXT PRIMARY KEY, balance INTEGER NOT NULL) STRICT");
    }
    static void project(const AccountOpened&, const stele::recorded_event& at, stele::read_model& db) {
        db.execute("INSERT INTO balances VALUES (?1, 0) ON CONFLICT DO NOTHING", stele::instance_id_of(at.stream));
    }
    static void project(const MoneyDeposited& e, const stele::recorded_event& at, stele::read_model& db) {
        add(e.amount(), at, db);
    }
    static void project(const MoneyWithdrawn& e, const stele::recorded_event& at, stele::read_model& db) {
        add(-e.amount(), at, db);
    }

    static void add(std::int64_t amount, const stele::recorded_event& at, stele::read_model& db) {
        db.execute("UPDATE balances SET balance = balance + ?2 WHERE account = ?1", stele::instance_id_of(at.stream),
                   amount);
    }
};
// [/projection]

}  // namespace bank
