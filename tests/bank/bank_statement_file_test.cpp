#include "bank/import/statement_file.hpp"
#include "bank/tools/statement_generator.hpp"
#include "support/temp_dir.hpp"

#include <doctest/doctest.h>

#include <fstream>
#include <set>

using namespace bank;

namespace {

constexpr auto header = "account,date,transaction,kind,amount,balance\n";

// The error for a file with this text, without the directory.
std::string refused(const std::string& text) {
    const temp_dir directory;
    const auto path = directory / "may.csv";
    std::ofstream(path, std::ios::binary) << text;
    const auto file = read_statement_file(path);
    REQUIRE_FALSE(file);
    const auto& message = file.error().message;
    REQUIRE(message.starts_with(path.string()));
    return message.substr(directory.path.string().size() + 1);
}

// The error for a file whose second row is this one.
std::string refused_row(const std::string& row) {
    return refused(std::string(header) + "1,1993-01-05,100,cash_deposit,70000,70000\n" + row + "\n");
}

}  // namespace

TEST_CASE("a statement reads back as it was written") {
    const temp_dir directory;
    const auto rows = generate_statement({.accounts = 5, .months = 3});
    write_statement_file(directory / "s.csv", rows);
    const auto file = read_statement_file(directory / "s.csv");
    REQUIRE(file);
    REQUIRE(file->rows.size() == rows.size());
    std::size_t read = 0;
    for (std::size_t i = 0; i < rows.size(); ++i) {
        CHECK(file->rows[i].line == i + 2);
        CHECK(to_csv(file->rows[i]) == to_csv(rows[i]));
    }

    const auto accounts = rows_by_account(*file);
    CHECK(accounts.size() == 5);
    std::set<std::string> seen;
    for (const auto& account : accounts) {
        CHECK(seen.insert(account.front()->account).second);
        for (const auto* row : account) CHECK(row->account == account.front()->account);
        for (std::size_t i = 1; i < account.size(); ++i) CHECK(account[i - 1]->line < account[i]->line);
        read += account.size();
    }
    CHECK(read == rows.size());
}

TEST_CASE("both kinds of line ends, and none at the end, are accepted") {
    const temp_dir directory;
    for (const std::string end : {"\r\n", "\n"}) {
        std::ofstream(directory / "s.csv", std::ios::binary)
            << statement_header << end << "1,1993-01-05,100,fee,-1,-1" << end << "1,1993-01-05,101,interest,2,1";
        const auto file = read_statement_file(directory / "s.csv");
        REQUIRE(file);
        REQUIRE(file->rows.size() == 2);
        CHECK(to_csv(file->rows[1]) == "1,1993-01-05,101,interest,2,1");
    }
}

TEST_CASE("a file that is not a statement") {
    CHECK(refused("") ==
          "may.csv:1: header: a statement begins with \"account,date,transaction,kind,amount,balance\","
          " this file begins with \"\"");
    CHECK(refused("account;date\n1;2\n") ==
          "may.csv:1: header: a statement begins with \"account,date,transaction,kind,amount,balance\","
          " this file begins with \"account;date\"");
    CHECK(refused(header) == "may.csv:2: account: the file ends where its first row should be");

    const temp_dir directory;
    CHECK(read_statement_file(directory / "no.csv").error().message ==
          (directory / "no.csv").string() + ": cannot be read");
    CHECK(read_statement_file(directory.path).error().message ==
          directory.path.string() + ": is a directory, not a statement file");
}

TEST_CASE("rows with too few or too many fields") {
    CHECK(refused_row("") == "may.csv:3: date: a row has 6 fields, this one has 1");
    CHECK(refused_row("1,1993-01-05,101") == "may.csv:3: kind: a row has 6 fields, this one has 3");
    CHECK(refused_row("1,1993-01-05,101,fee,-1,69999,") == "may.csv:3: balance: a row has 6 fields, this one has 7");
}

TEST_CASE("account and transaction are numbers") {
    CHECK(refused_row(",1993-01-05,101,fee,-1,69999") == "may.csv:3: account: \"\" is not an account number");
    CHECK(refused_row("1-2,1993-01-05,101,fee,-1,69999") == "may.csv:3: account: \"1-2\" is not an account number");
    CHECK(refused_row("\"1\",1993-01-05,101,fee,-1,69999") ==
          "may.csv:3: account: \"\\\"1\\\"\" is not an account number");
    CHECK(refused_row("1,1993-01-05,x\x1b,fee,-1,69999") == "may.csv:3: transaction: \"x\\x1b\" is not a number");
    CHECK(refused_row("1,1993-01-05,,fee,-1,69999") == "may.csv:3: transaction: \"\" is not a number");
}

TEST_CASE("a transaction id is unique in a file") {
    CHECK(refused_row("2,1993-01-05,100,fee,-1,69999") == "may.csv:3: transaction: 100 is already on line 2");
}

TEST_CASE("dates are days of the calendar, in order") {
    for (const std::string date : {"", "1993-13-01", "1993-02-29", "1993-1-05", "05.01.1993", "1993-01-05T00"})
        CHECK(refused_row("1," + date + ",101,fee,-1,69999") ==
              "may.csv:3: date: \"" + date + "\" is not a date (YYYY-MM-DD)");
    CHECK(refused_row("2,1993-01-04,101,fee,-1,69999") ==
          "may.csv:3: date: 1993-01-04 is before 1993-01-05, the date of the row above");
}

TEST_CASE("kinds are known, and the signs of amounts match them") {
    CHECK(refused_row("1,1993-01-05,101,Fee,-1,69999") ==
          "may.csv:3: kind: \"Fee\" is not a known kind of transaction");
    CHECK(refused_row("1,1993-01-05,101,fee,1,70001") ==
          "may.csv:3: amount: a fee debits the account, so 1 has the wrong sign");
    CHECK(refused_row("1,1993-01-05,101,pension,-1,69999") ==
          "may.csv:3: amount: a pension credits the account, so -1 has the wrong sign");
    CHECK(refused_row("1,1993-01-05,101,fee,0,70000") == "may.csv:3: amount: the amount of a transaction cannot be 0");
}

TEST_CASE("amounts and balances are whole numbers that fit") {
    CHECK(refused_row("1,1993-01-05,101,fee,12x,69999") == "may.csv:3: amount: \"12x\" is not a whole number");
    CHECK(refused_row("1,1993-01-05,101,fee,-1.5,69999") == "may.csv:3: amount: \"-1.5\" is not a whole number");
    CHECK(refused_row("1,1993-01-05,101,interest,+1,69999") == "may.csv:3: amount: \"+1\" is not a whole number");
    CHECK(refused_row("1,1993-01-05,101,fee,,69999") == "may.csv:3: amount: \"\" is not a whole number");
    CHECK(refused_row("1,1993-01-05,101,fee,-1, 69999") == "may.csv:3: balance: \" 69999\" is not a whole number");
    CHECK(refused_row("1,1993-01-05,101,fee,-1,9223372036854775808") ==
          "may.csv:3: balance: \"9223372036854775808\" is too large");
    CHECK(refused_row("1,1993-01-05,101,fee,-9223372036854775808,0") ==
          "may.csv:3: amount: \"-9223372036854775808\" is too large");
    CHECK(refused_row("1,1993-01-05,101,fee,9223372036854775808x,0") ==
          "may.csv:3: amount: \"9223372036854775808x\" is not a whole number");
}

TEST_CASE("a file without line ends is refused, not read into memory") {
    CHECK(refused_row(std::string(5000, '7')) == "may.csv:3: account: the line is longer than 4096 bytes");
    CHECK(refused_row(std::string(4095, '7')) == "may.csv:3: date: a row has 6 fields, this one has 1");
    const auto endless = read_statement_file("/dev/zero");
    REQUIRE_FALSE(endless);
    CHECK(endless.error().message.starts_with("/dev/zero:1: header: a statement begins with"));
}

TEST_CASE("long nonsense is shortened in the message") {
    CHECK(refused_row("1,1993-01-05,101," + std::string(1000, 'x') + ",-1,69999") ==
          "may.csv:3: kind: \"" + std::string(40, 'x') + "\"… is not a known kind of transaction");
}
