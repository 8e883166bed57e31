#include "bank/bank_statements.hpp"
#include "bank/domain/account.hpp"
#include "bank/domain/calendar.hpp"
#include "bank/import/send_statement.hpp"
#include "support/temp_dir.hpp"

#include <stele/aggregates/repository.hpp>
#include <stele/eventstore/memory/memory_store.hpp>
#include <stele/eventstore/sqlite/sqlite_store.hpp>

#include <doctest/doctest.h>

#include <initializer_list>
#include <map>

using namespace bank;

namespace {

// The rows of the first accounts of a statement.
statement_file first_accounts(const statement_file& whole, std::size_t count) {
    statement_file some{whole.path, {}};
    std::map<std::string, money> seen;
    for (const auto& row : whole.rows)
        if (seen.size() < count) seen.emplace(row.account, 0);
    for (const auto& row : whole.rows)
        if (seen.contains(row.account)) some.rows.push_back(row);
    return some;
}

// Imports the rows, and compares every account at the end of every day on which something was booked.
void compare(stele::event_store& store, const statement_file& file) {
    REQUIRE(send_statement(store, file, {}).empty());
    const stele::repository<account> accounts{store};
    std::map<std::pair<std::string, std::string>, money> stated;  // account and day
    for (const auto& row : file.rows) stated[{row.account, row.date}] = row.balance;
    for (const auto& [place, balance] : stated) {
        const auto& [name, date] = place;
        CAPTURE(name);
        CAPTURE(date);
        REQUIRE(accounts.load(name, {.occurred_up_to = start_of(date)}).state.balance == balance);
    }
    const auto& first = file.rows.front();
    const auto before = start_of(first.date) - std::chrono::microseconds{1};
    CHECK(accounts.load(first.account, {.occurred_up_to = before}).state == account{});
}

void compare_over_stores(const statement_file& file) {
    const temp_dir directory;
    stele::memory_store in_memory;
    auto on_disk = stele::sqlite_store::open(directory / "events.db");
    for (stele::event_store* store : std::initializer_list<stele::event_store*>{&in_memory, &on_disk})
        compare(*store, file);
}

}  // namespace

TEST_CASE("an imported account is as of each of its days as the statement says") {
    const auto file = generated({.accounts = 2, .months = 3, .seed = 4});
    compare_over_stores(file);
}

TEST_CASE("accounts of a real statement are as of each day of their years as it says") {
    const auto path = real_statement();
    if (!path) return;
    const auto whole = read_statement_file(*path);
    REQUIRE(whole);
    const auto some = first_accounts(*whole, 3);
    CHECK(some.rows.front().date.starts_with("1993"));
    compare_over_stores(some);
}
