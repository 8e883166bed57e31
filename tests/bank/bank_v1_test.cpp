// The store data/bank_v1.db was written when accounts were opened with AccountOpened: two accounts, five transactions.

#include "bank/domain/account.hpp"
#include "bank/read/account_history.hpp"
#include "bank/read/balances.hpp"
#include "bank/read/daily_turnover.hpp"
#include "support/temp_dir.hpp"

#include <stele/codec/schema.hpp>
#include <stele/commands/command_bus.hpp>
#include <stele/eventstore/sqlite/sqlite_store.hpp>
#include <stele/projections/projection_runner.hpp>

#include <doctest/doctest.h>

using namespace bank;

namespace {

/// A copy of the store that may be written to.
struct old_store {
    temp_dir directory;
    stele::sqlite_store store;

    old_store() : store(stele::sqlite_store::open(copied())) {}

private:
    std::filesystem::path copied() const {
        const auto file = directory / "events.db";
        std::filesystem::copy_file(STELE_SOURCE "/tests/data/bank_v1.db", file);
        std::filesystem::permissions(file, std::filesystem::perms::owner_write, std::filesystem::perm_options::add);
        return file;
    }
};

WithdrawMoney withdraw(const char* account, money amount) {
    WithdrawMoney command;
    command.set_account(account);
    command.mutable_booking()->set_date("2031-04-01");
    command.set_amount(amount);
    return command;
}

std::string line_of(const account_balance& row) {
    return row.account + " " + std::to_string(row.balance) + ", limit " + std::to_string(row.overdraft_limit) +
           ", opened " + row.opened_on + ", booked " + row.booked_on;
}

}  // namespace

TEST_CASE("an account opened by version 1 is loaded as if it was opened today") {
    AccountOpened old;
    old.set_date("1993-01-01");
    old.set_overdraft_limit(500);
    const auto event = upcasters::upcast(old);
    CHECK(event.date() == "1993-01-01");
    CHECK(event.lowest_balance() == -500);
}

TEST_CASE("a store of version 1 is folded and accepts commands") {
    old_store old;
    const auto seventh = stele::load<account>(old.store, stele::stream_of<account>("7"));
    CHECK(seventh.version.value == 4);
    CHECK(seventh.state.balance == 800);
    CHECK(seventh.state.lowest_balance == -2500);
    CHECK(seventh.state.opened_on == "2031-02-03");
    CHECK(stele::load<account>(old.store, stele::stream_of<account>("8")).state.balance == 60'000);

    stele::command_bus<account> bus{old.store};
    CHECK_FALSE(bus.send(withdraw("7", 800 + 2501)));
    CHECK(bus.send(withdraw("7", 800 + 2500)));

    const auto history = bank::history_of(old.store, "7");
    REQUIRE(history.size() == 5);
    CHECK(history.front().kind == "account_opened");
    CHECK(history.back().balance == -2500);
}

TEST_CASE("a store of version 1 is projected, including the openings") {
    old_store old;
    stele::projection_runner runner{old.store, old.directory / "read"};
    runner.add<balances>();
    runner.catch_up();
    auto db = stele::read_model::open_read_only(old.directory / "read" / "balances.db");
    CHECK(line_of(*balance_of(db, "7")) == "7 800, limit 2500, opened 2031-02-03, booked 2031-03-01");
    CHECK(line_of(*balance_of(db, "8")) == "8 60000, limit 2500, opened 2031-02-03, booked 2031-02-05");
}

TEST_CASE("a store of version 1 fits the schemas of today, and shows its events as they were written") {
    old_store old;
    CHECK(stele::check_schemas<account, balances, daily_turnover>(old.store).empty());
    stele::record_schemas<account, balances, daily_turnover>(old.store);
    const stele::recorded_schemas schemas{old.store};
    std::string opening;
    for (const auto& event : old.store.read_stream(stele::stream_of<account>("7")).events())
        if (opening.empty()) opening = schemas.to_json(event);
    CHECK(opening == R"({"date":"2031-02-03","overdraft_limit":"2500"})");
}
