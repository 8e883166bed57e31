#include "bank/bank_statements.hpp"
#include "bank/import/statement_import.hpp"
#include "bank/read/balances.hpp"
#include "bank/read/daily_turnover.hpp"
#include "bank/storage/ledger.hpp"
#include "bank/tools/statement_generator.hpp"
#include "support/temp_dir.hpp"

#include <stele/commands/command_bus.hpp>
#include <stele/eventstore/memory/memory_store.hpp>

#include <doctest/doctest.h>
#include <fcntl.h>
#include <fmt/format.h>
#include <sys/file.h>
#include <unistd.h>

#include <algorithm>
#include <fstream>

using namespace bank;

namespace {

void write(const std::filesystem::path& path, const std::string& rows) {
    std::ofstream(path, std::ios::binary) << statement_header << '\n' << rows;
}

// The message of the refused import.
std::string refused(const std::filesystem::path& statement, const std::filesystem::path& directory) {
    try {
        import_statement(statement, {directory}, {});
    } catch (const refusal& why) {
        return why.what();
    }
    return "not refused";
}

}  // namespace

TEST_CASE("an import creates a bank whose read models hold what the file states") {
    const temp_dir directory;
    const auto file = generated({.accounts = 12, .months = 4, .seed = 9});
    write_statement_file(directory / "s.csv", file.rows);
    const auto result = import_statement(directory / "s.csv", {directory / "data"}, {});
    CHECK(result.reconciled.str() ==
          fmt::format("reconciled {0} of {0} transactions on 12 accounts: {1} exact, {2} rounded, 0 mismatched",
                      file.rows.size(), file.rows.size() - rounded_rows(file), rounded_rows(file)));
    CHECK(result.refused.empty());

    ledger ledger({directory / "data"});
    money sum = 0;
    for (const auto& [account, balance] : stated_balances(file)) {
        const auto found = balance_of(ledger.balances(), account);
        REQUIRE(found);
        CHECK(found->balance == balance);
        CHECK(found->overdraft_limit == default_overdraft_limit);
        sum += balance;
    }
    CHECK(totals(ledger.balances()).balance == sum);
    CHECK(totals(ledger.balances()).accounts == 12);

    std::size_t transactions = 0;
    for (const auto& month : turnover_by_month(ledger.daily_turnover())) {
        sum -= month.credited + month.debited + month.rounded;
        transactions += month.transactions;
    }
    CHECK(sum == 0);
    CHECK(transactions == file.rows.size());
}

TEST_CASE("an opened bank shows every event, including those after the import") {
    const temp_dir directory;
    const bank_directory data{directory / "data"};
    write(directory / "s.csv", "7,1993-01-05,100,cash_deposit,70000,70000\n");
    import_statement(directory / "s.csv", data, {});
    {
        auto store = stele::sqlite_store::open(data.bank() / bank_directory::events_file);
        DepositMoney more;
        more.set_account("7");
        more.mutable_booking()->set_date("1993-01-06");
        more.set_amount(5);
        CHECK(stele::command_bus<account>(store).send(more));
    }
    ledger ledger(data);
    CHECK(balance_of(ledger.balances(), "7")->balance == 70'005);
    CHECK(turnover_by_month(ledger.daily_turnover()).at(0).credited == 70'005);
}

TEST_CASE("what does not reconcile is reported with its row") {
    const temp_dir directory;
    write(directory / "s.csv",
          "7,1993-01-05,100,cash_deposit,70000,70000\n"
          "7,1993-01-06,101,fee,-1000,69010\n"
          "7,1993-01-07,102,cash_withdrawal,-10000,99010\n"
          "7,1993-01-08,103,fee,-1000,58010\n");
    const auto result = import_statement(directory / "s.csv", {directory / "data"}, {});
    const auto text = describe(result, "s.csv");
    CHECK(text.substr(text.find('\n') + 1) ==
          "s.csv:4: account 7, transaction 102: the file says 990.10, the replay 590.10\n"
          "reconciled 3 of 4 transactions on 1 accounts: 2 exact, 1 rounded, 1 mismatched\n");
}

TEST_CASE("a rejected row is reported, and the later rows of its account are not sent") {
    const temp_dir directory;
    write(directory / "s.csv",
          "7,1993-01-05,100,cash_deposit,70000,70000\n"
          "8,1993-01-05,101,cash_deposit,70000,70000\n"
          "7,1993-01-06,102,cash_withdrawal,-70501,-501\n"
          "7,1993-01-07,103,cash_deposit,1000,499\n"
          "8,1993-01-07,104,fee,-70501,-501\n");
    const auto result = import_statement(directory / "s.csv", {directory / "data"}, {.overdraft_limit = 500});
    const auto text = describe(result, "s.csv");
    CHECK(text.substr(text.find('\n') + 1) ==
          "s.csv:4: account 7, transaction 102: " + result.refused.at(0).reason +
              "; 1 later row of the account was not sent\n"
              "reconciled 3 of 5 transactions on 2 accounts: 3 exact, 0 rounded, 2 mismatched\n");
    CHECK(result.refused.at(0).reason.find("insufficient_funds") != std::string::npos);
    CHECK(result.refused.at(0).reason.find("balance 700.00, may not fall below -5.00, requested 705.01") !=
          std::string::npos);
}

TEST_CASE("a balance that overflows is rejected with its row") {
    const temp_dir directory;
    write(directory / "s.csv",
          "7,1993-01-05,100,cash_deposit,9223372036854775807,9223372036854775807\n"
          "7,1993-01-06,101,cash_deposit,1,-9223372036854775807\n");
    const auto result = import_statement(directory / "s.csv", {directory / "data"}, {});
    REQUIRE(result.refused.size() == 1);
    CHECK(result.refused[0].row.line == 3);
    CHECK(result.refused[0].reason.find("balance_overflow") != std::string::npos);
    CHECK(lines_of(result.reconciled.mismatched) == std::vector<std::size_t>{3});
}

TEST_CASE("nothing of a malformed file is imported") {
    const temp_dir directory;
    write(directory / "s.csv", "7,1993-01-05,100,cash_deposit,70000,70000\n7,1993-01-06,101,fee,-10O0,69010\n");
    CHECK(refused(directory / "s.csv", directory / "data") ==
          (directory / "s.csv").string() + ":3: amount: \"-10O0\" is not a whole number");
    CHECK_FALSE(std::filesystem::exists(directory / "data"));
}

TEST_CASE("a directory contains one bank") {
    const temp_dir directory;
    const bank_directory data{directory / "data"};
    write_statement_file(directory / "s.csv", generate_statement({.accounts = 2, .months = 1}));
    import_statement(directory / "s.csv", data, {});
    const auto head = ledger(data).events().head();
    CHECK(refused(directory / "s.csv", data.root) ==
          data.root.string() + " already contains a bank: import into another directory, or remove " +
              data.bank().string() + " first");
    CHECK(ledger(data).events().head() == head);
}

TEST_CASE("one import at a time") {
    const temp_dir directory;
    write_statement_file(directory / "s.csv", generate_statement({.accounts = 2, .months = 1}));
    std::filesystem::create_directory(directory / "data");
    const int other = open((directory / "data").c_str(), O_RDONLY | O_CLOEXEC);
    REQUIRE(flock(other, LOCK_EX) == 0);
    CHECK(refused(directory / "s.csv", directory / "data") ==
          "another import into " + (directory / "data").string() + " is running");
    CHECK(std::filesystem::is_empty(directory / "data"));
    close(other);
    CHECK(refused(directory / "s.csv", directory / "data") == "not refused");
}

TEST_CASE("an interrupted import leaves no bank, and the next import replaces it") {
    const temp_dir directory;
    const bank_directory data{directory / "data"};
    CHECK_THROWS_WITH_AS(ledger{data},
                         ("there is no bank in " + data.root.string() + ": make one with \"bank import FILE --data " +
                          data.root.string() + "\"")
                             .c_str(),
                         refusal);

    const auto file = generated({.accounts = 3, .months = 2});
    std::filesystem::create_directories(data.unfinished());
    {
        auto store = stele::sqlite_store::open(data.unfinished() / bank_directory::events_file);
        send_statement(store, file, {});
    }
    CHECK_THROWS_WITH_AS(ledger{data},
                         ("the import into " + data.root.string() +
                          " is not finished: wait for it, or run it again if it was interrupted")
                             .c_str(),
                         refusal);

    write_statement_file(directory / "s.csv", file.rows);
    const auto result = import_statement(directory / "s.csv", data, {});
    CHECK(result.refused.empty());
    CHECK(result.reconciled.mismatched.empty());
    CHECK_FALSE(std::filesystem::exists(data.unfinished()));
    CHECK(ledger(data).events().head() == result.events);
}

TEST_CASE("sending a statement twice gives the same receipts and no further event") {
    const temp_dir directory;
    const auto path = directory / "events.db";
    const auto file = generated({.accounts = 8, .months = 3, .seed = 4});
    const auto half = statement_file{file.path, {file.rows.begin(), file.rows.begin() + std::ssize(file.rows) / 2}};
    const auto receipts_after = [&](const statement_file& sent) {
        auto store = stele::sqlite_store::open(path, {.durability = stele::durability::normal});
        CHECK(send_statement(store, sent, {.threads = 4}).empty());
        std::vector<std::string> receipts;
        for (const auto& kept : store.list_documents("receipt"))
            receipts.push_back(fmt::format("{} {} {}", kept.key, kept.value, kept.position.value));
        // One receipt for each event, because each of these commands leads to one event.
        CHECK(receipts.size() == store.head().value);
        return receipts;
    };
    const auto first = receipts_after(half);
    CHECK(receipts_after(half) == first);
    const auto all = receipts_after(file);
    CHECK(all.size() > file.rows.size());
    CHECK(std::ranges::includes(all, first));
    CHECK(receipts_after(file) == all);

    auto store = stele::sqlite_store::open(path);
    CHECK(reconcile(store, file).mismatched.empty());
    auto altered = file;
    altered.rows.back().amount -= 1;
    altered.rows.back().balance -= 1;
    // It is the same transaction, so nothing is done again; that it says something else is found by comparing.
    CHECK(send_statement(store, altered, {.threads = 4}).empty());
    CHECK(store.head().value == all.size());
    CHECK(reconcile(store, altered).mismatched.size() == 1);
}

TEST_CASE("the real statement reconciles") {
    const auto real = real_statement();
    if (!real) return;
    const auto& statement = *real;
    const temp_dir directory;
    const auto result = import_statement(statement, {directory / "data"}, {});
    const auto text = describe(result, statement);
    CHECK(
        text.ends_with("\nreconciled 32171 of 32171 transactions on 815 accounts: 30625 exact, 1546 rounded, "
                       "0 mismatched\n"));

    auto altered = *read_statement_file(statement);
    auto& row = altered.rows[17'000];
    row.balance += 1'234;
    stele::memory_store store;
    CHECK(send_statement(store, altered, {.threads = 2}).empty());
    CHECK(lines_of(reconcile(store, altered).mismatched) == std::vector{row.line});
}
