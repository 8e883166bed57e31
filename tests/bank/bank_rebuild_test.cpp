#include "bank/bank_statements.hpp"
#include "bank/import/statement_import.hpp"
#include "bank/storage/read_models.hpp"
#include "support/temp_dir.hpp"

#include <stele/eventstore/memory/memory_store.hpp>

#include <doctest/doctest.h>

using namespace bank;

namespace {

template <class Projection>
stele::read_model open(const temp_dir& directory) {
    return stele::read_model::open_read_only(directory / (std::string(Projection::name) + ".db"));
}

// Compares the balances in the file with those of each read model.
void check_against(const statement_file& file, const temp_dir& directory) {
    auto balances_db = open<balances>(directory);
    auto statement_db = open<account_statement>(directory);
    auto overdrawn_db = open<overdrawn>(directory);
    std::map<std::string, money> below_zero;
    money sum = 0;
    for (const auto& [account, balance] : stated_balances(file)) {
        CHECK(balance_of(balances_db, account).value().balance == balance);
        sum += balance;
        if (balance < 0) below_zero[account] = balance;
    }
    CHECK(totals(balances_db).balance == sum);

    std::map<std::string, money> found;
    for (const auto& row : overdrawn_accounts(overdrawn_db, file.rows.size())) found[row.account] = row.balance;
    CHECK(found == below_zero);

    // Every line of the file is a line of the statement, with the balance that the bank states after it.
    for (const auto& rows : rows_by_account(file)) {
        std::map<std::string, money> after;
        for (const auto& line : statement_lines(statement_db, rows.front()->account, {}))
            after[line.transaction] = line.balance;
        std::size_t wrong = 0;
        for (const auto* row : rows) wrong += after.at(row->transaction) == row->balance ? 0 : 1;
        CHECK_MESSAGE(wrong == 0, "account ", rows.front()->account);
        CHECK(after.size() == rows.size() + 1);
    }

    std::map<std::string, money> by_month;
    for (const auto& row : file.rows) by_month[row.date.substr(0, 7)] += row.amount;
    auto turnover_db = open<daily_turnover>(directory);
    for (const auto& month : turnover_by_month(turnover_db)) {
        CHECK(by_month[month.month] == month.credited + month.debited);
        by_month.erase(month.month);
        sum -= month.credited + month.debited + month.rounded;
    }
    CHECK(by_month.empty());
    CHECK(sum == 0);
}

void rebuild_and_check(const statement_file& file) {
    stele::memory_store store;
    CHECK(send_statement(store, file, {.threads = 2}).empty());
    const temp_dir directory;
    stele::projection_runner runner{store, directory.path};
    add_projections(runner);
    for (const auto& status : runner.status()) CHECK(runner.rebuild(status.name) == stele::rebuild_result::serving);
    check_against(file, directory);
}

}  // namespace

TEST_CASE("a rebuilt read model holds what the bank states") {
    rebuild_and_check(generated({.accounts = 12, .months = 4, .seed = 9}));
}

TEST_CASE("the real statement: a rebuilt read model holds what the bank states") {
    if (const auto real = real_statement()) rebuild_and_check(read_statement_file(*real).value());
}
