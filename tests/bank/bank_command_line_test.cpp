#include "bank/bank_program.hpp"

#include <doctest/doctest.h>
#include <sqlite3.h>

#include <filesystem>
#include <fstream>
#include <sstream>
#include <utility>
#include <vector>

TEST_CASE("import ends with the reconciliation") {
    const imported_bank bank;
    CHECK(bank.import.exit_code == 0);
    CHECK(bank.import.err.empty());
    CHECK(
        bank.import.out.starts_with("imported 1 of 4 transactions\nimported 2 of 4 transactions\n"
                                    "imported 3 of 4 transactions\nimported 4 of 4 transactions\nrecorded 7 events"));
    CHECK(bank.import.out.ends_with(
        "\nreconciled 4 of 4 transactions on 2 accounts: 3 exact, 1 rounded, 0 mismatched\n"));
}

TEST_CASE("one of a thing is counted in the singular") {
    const temp_dir directory;
    const auto file = (directory / "one.csv").string();
    const auto data = (directory / "data").string();
    std::ofstream(file) << bank::statement_header << "\n7,1993-01-05,100,cash_deposit,100,100\n";
    const auto import = bank_program({"import", file, "--data", data});
    CHECK(import.out.starts_with("imported 1 of 1 transaction\nrecorded 2 events in "));
    CHECK(import.out.ends_with("\nreconciled 1 of 1 transactions on 1 accounts: 1 exact, 0 rounded, 0 mismatched\n"));
    CHECK(bank_program({"report", "--data", data}).out.starts_with("1 account holds 1.00 together\n"));
    const auto picture = (directory / "one.svg").string();
    CHECK(bank_program({"report", "--svg", picture, "--data", data}).out == picture + ": turnover of 1 month\n");
}

TEST_CASE("import fails when a balance does not match, and refuses to import twice") {
    const imported_bank bank;
    const auto twice = bank_program({"import", bank.file, "--data", bank.data});
    CHECK(twice.exit_code == 1);
    CHECK(twice.out.empty());
    CHECK(contains(twice.err, "already contains a bank"));

    const auto limited = bank_program({"import", bank.file, "--data", bank.data + "2", "--overdraft-limit", "76549"});
    CHECK(limited.exit_code == 1);
    CHECK(contains(limited.out, bank.file + ":4: account 7, transaction 102: "));
    CHECK(limited.out.ends_with("\nreconciled 3 of 4 transactions on 2 accounts: 2 exact, 1 rounded, 1 mismatched\n"));
}

TEST_CASE("balance answers from the read model") {
    const imported_bank bank;
    const auto answer = bank_program({"balance", "7", "--data", bank.data});
    CHECK(answer.exit_code == 0);
    CHECK(answer.out ==
          "account 7: -765.50  (last booking 1993-02-07, overdraft limit 10 000.00, open since "
          "1993-01-05)\n");
}

TEST_CASE("statement answers from the read model, audit from the events") {
    const imported_bank bank;
    const auto statement =
        bank_program({"statement", "7", "--from", "1993-02-01", "--to", "1993-02-28", "--data", bank.data});
    CHECK(statement.exit_code == 0);
    CHECK(contains(statement.out, "1993-02-07  cash_withdrawal  102          -2 000.00   -765.50\n"));
    CHECK_FALSE(contains(statement.out, "cash_deposit"));
    CHECK(contains(bank_program({"statement", "7", "--page", "1", "--data", bank.data}).out, "page 1 of 1"));
    CHECK(contains(bank_program({"statement", "7", "--page", "2", "--data", bank.data}).err, "there is no page 2"));

    const auto audit = bank_program({"audit", "7", "--as-of", "1993-02-06", "--data", bank.data});
    CHECK(audit.exit_code == 0);
    CHECK(audit.out.ends_with("balance on 1993-02-06          1 234.50\n"));
}

TEST_CASE("report shows the bank as a whole") {
    const imported_bank bank;
    CHECK(bank_program({"report", "--data", bank.data}).out ==
          "2 accounts hold -260.90 together\n"
          "\n"
          "Largest balances\n"
          "  8   504.60  open since 1993-01-06\n"
          "  7  -765.50  open since 1993-01-05\n"
          "\n"
          "Overdrawn accounts (1)\n"
          "  7  -765.50  since 1993-02-07  within its limit of 10 000.00\n"
          "\n"
          "Turnover by month\n"
          "                 in                          out                      transactions\n"
          "  1993-01  1 734.50  ███████████████▋       0.00                                 2\n"
          "  1993-02      4.50                    -2 000.00  ██████████████████             2\n");
}

TEST_CASE("largest answers from memory") {
    const imported_bank bank;
    CHECK(bank_program({"largest", "--data", bank.data}).out == "  8   504.60\n  7  -765.50\n");
    CHECK(bank_program({"largest", "--count", "1", "--data", bank.data}).out == "  8  504.60\n");
}

TEST_CASE("report draws the turnover as an SVG file") {
    const imported_bank bank;
    const auto file = (bank.path / "turnover.svg").string();
    const auto report = bank_program({"report", "--svg", file, "--data", bank.data});
    CHECK(report.exit_code == 0);
    CHECK(report.out == file + ": turnover of 2 months\n");
    std::ifstream in(file);
    const std::string svg(std::istreambuf_iterator<char>(in), {});
    CHECK(contains(svg, "<title>1993-01 in: 1 734.50</title>"));
    CHECK(svg.ends_with("</svg>\n"));

    // It is replaced by the next report; the ledger is not.
    CHECK(bank_program({"report", "--svg", file, "--data", bank.data}).exit_code == 0);
    const auto ledger = bank.data + "/bank/events.db";
    const auto refused = bank_program({"report", "--svg", ledger, "--data", bank.data});
    CHECK(refused.exit_code == 1);
    CHECK(refused.err == "bank: " + ledger + ": exists and is no SVG file; give --svg another name\n");
    CHECK(bank_program({"report", "--data", bank.data}).exit_code == 0);

    const auto nowhere = bank_program({"report", "--svg", bank.data + "/no/t.svg", "--data", bank.data});
    CHECK(nowhere.exit_code == 1);
    CHECK(nowhere.err == "bank: " + bank.data + "/no/t.svg: cannot be written\n");
}

TEST_CASE("status shows the read models, rebuild replaces one") {
    const imported_bank bank;
    const auto status = bank_program({"status", "--data", bank.data});
    CHECK(status.exit_code == 0);
    std::istringstream lines(status.out);
    const auto next_line = [&] {
        std::vector<std::string> words;
        std::string line;
        std::getline(lines, line);
        std::istringstream in(line);
        for (std::string word; in >> word;) words.push_back(word);
        return words;
    };
    using line = std::vector<std::string>;
    CHECK(next_line() == line{"read", "model", "state", "at", "of", "behind", "events/s", "left", "dead", "letters",
                              "applied", "ignored"});
    CHECK(next_line() == line{"balances", "live", "7", "7", "0", "0", "7", "0"});
    CHECK(next_line() == line{"statement", "live", "7", "7", "0", "0", "7", "0"});
    CHECK(next_line() == line{"daily_turnover", "live", "7", "7", "0", "0", "5", "2"});
    CHECK(next_line() == line{"overdrawn", "live", "7", "7", "0", "0", "7", "0"});
    // This one was folded just now, so its rate varies.
    const auto in_memory = next_line();
    CHECK(in_memory.front() == "largest_accounts");
    CHECK(line(in_memory.end() - 3, in_memory.end()) == line{"0", "5", "2"});
    CHECK(lines.get() == std::char_traits<char>::eof());

    const auto rebuild = bank_program({"rebuild", "overdrawn", "--data", bank.data});
    CHECK(rebuild.exit_code == 0);
    CHECK(rebuild.out.starts_with("overdrawn: rebuilt from 7 events in "));
    CHECK(bank_program({"rebuild", "overdrawn", "--diff", "--data", bank.data})
              .out.ends_with("\noverdrawn: no row has changed\n"));

    // Somebody has edited the file.
    sqlite3* file = nullptr;
    REQUIRE(sqlite3_open((bank.data + "/bank/read/overdrawn.db").c_str(), &file) == SQLITE_OK);
    CHECK(sqlite3_exec(file, "UPDATE overdrawn SET balance = -1 WHERE account = '7'", nullptr, nullptr, nullptr) ==
          SQLITE_OK);
    CHECK(sqlite3_close(file) == SQLITE_OK);
    const auto diff = bank_program({"rebuild", "overdrawn", "--diff", "--data", bank.data});
    CHECK(contains(diff.out, "\n  overdrawn, account '7': balance -1 -> -76550\n"));
    CHECK(contains(diff.out,
                   "\noverdrawn: 1 row changed, 0 only in the old generation, 0 only in the new one, both at 7\n"));
    CHECK(bank_program({"rebuild", "nothing", "--data", bank.data}).err ==
          "bank: there is no read model nothing: \"bank status\" lists them\n");
    CHECK(contains(bank_program({"rebuild", "largest_accounts", "--data", bank.data}).err,
                   "largest_accounts is a read model in memory, not in SQL: to rebuild it, remove "));
}

TEST_CASE("transfers, freezes and standing orders") {
    const imported_bank bank;
    const auto order = [&](std::vector<std::string> arguments, const char* today = "1993-03-01") {
        arguments.insert(arguments.end(), {"--data", bank.data, "--today", today});
        return bank_program(arguments);
    };
    const auto transfer = order({"transfer", "8", "7", "100.00", "--id", "T1"});
    CHECK(transfer.exit_code == 0);
    CHECK(transfer.out == "transfer T1: 100.00 from 8 to 7 on 1993-03-01, completed\n");
    // A repeated transfer is reported again and not executed again.
    CHECK(order({"transfer", "8", "7", "100", "--id", "T1"}, "1993-03-02").out == transfer.out);
    CHECK(contains(order({"transfer", "8", "7", "100.01", "--id", "T1"}).err, "(transfer_known)"));

    const auto nobody = order({"transfer", "8", "9", "100", "--id", "T2"});
    CHECK(nobody.exit_code == 1);
    CHECK(nobody.out ==
          "transfer T2: 100.00 from 8 to 9 on 1993-03-01, failed (account_not_open): there is no such account; open it "
          "first\n  the money is back on account 8\n");

    const auto not_allowed = order({"freeze", "8", "--reason", "debts", "--actor", "clerk:petr"});
    CHECK(not_allowed.exit_code == 1);
    CHECK(not_allowed.out.empty());
    CHECK(contains(not_allowed.err, "(not_authorized)"));
    CHECK(order({"freeze", "8", "--reason", "debts", "--actor", "officer:jana"}).out == "account 8: frozen\n");
    CHECK(contains(bank_program({"balance", "8", "--data", bank.data}).out, "frozen since 1993-03-01"));
    CHECK(contains(order({"transfer", "8", "7", "1", "--id", "T3"}).out, "failed (account_frozen)"));
    CHECK(order({"unfreeze", "8", "--actor", "officer:jana"}).out == "account 8: unfrozen\n");
    CHECK_FALSE(contains(bank_program({"balance", "8", "--data", bank.data}).out, "frozen"));

    CHECK(order({"standing-order", "8", "7", "1", "--id", "rent", "--first", "1993-03-31"}).out ==
          "standing order rent: 1.00 from 8 to 7 every month from 1993-03-31\n");
    CHECK(order({"run"}, "1993-04-30").out ==
          "transfer rent-1993-03-31: 1.00 from 8 to 7 on 1993-03-31, completed\n"
          "transfer rent-1993-04-30: 1.00 from 8 to 7 on 1993-04-30, completed\n");
    CHECK(order({"cancel", "rent"}, "1993-04-30").out == "standing order rent: cancelled\n");
    CHECK(order({"run"}, "1993-12-31").out == "nothing was due\n");
    CHECK(bank_program({"report", "--data", bank.data}).out.starts_with("2 accounts hold -260.90 together\n"));
}

TEST_CASE("questions without an answer end with one line and an exit code") {
    const imported_bank bank;
    const std::vector<std::pair<std::vector<std::string>, std::string>> questions{
        {{"balance", "9", "--data", bank.data}, "bank: there is no account 9\n"},
        {{"statement", "9", "--data", bank.data}, "bank: there is no account 9\n"},
        {{"audit", "9", "--as-of", "1993-01-05", "--data", bank.data}, "bank: there is no account 9\n"},
        {{"balance", "7", "--data", bank.data + "0"},
         "bank: there is no bank in " + bank.data + "0: make one with \"bank import FILE --data " + bank.data +
             "0\"\n"},
        {{"import", bank.data + "/no.csv", "--data", bank.data + "0"},
         "bank: " + bank.data + "/no.csv: cannot be read\n"},
    };
    for (const auto& [arguments, complaint] : questions) {
        const auto answer = bank_program(arguments);
        CHECK(answer.exit_code == 1);
        CHECK(answer.out.empty());
        CHECK(answer.err == complaint);
    }
    CHECK_FALSE(std::filesystem::exists(bank.data + "0"));
}

TEST_CASE("wrong arguments") {
    for (const auto& arguments :
         std::vector<std::vector<std::string>>{{},
                                               {"rob"},
                                               {"balance", "7"},
                                               {"audit", "7", "--as-of", "1993-02-30", "--data", "x"},
                                               {"statement", "7", "--from", "May", "--data", "x"},
                                               {"import", "s.csv", "--data", "x", "--overdraft-limit", "-1"},
                                               {"import", "s.csv", "--data", "x", "--threads", "0"},
                                               {"transfer", "7", "8", "1,50", "--data", "x"},
                                               {"transfer", "7", "8", "-1", "--data", "x"},
                                               {"freeze", "7", "--reason", "debts", "--data", "x"},
                                               {"run", "--today", "today", "--data", "x"}}) {
        const auto answer = bank_program(arguments);
        CHECK(answer.exit_code == 2);
        CHECK(answer.out.empty());
        CHECK_FALSE(answer.err.empty());
    }
    CHECK(contains(bank_program({"audit", "7", "--as-of", "1993-02-30", "--data", "x"}).err,
                   "\"1993-02-30\" is not a date (YYYY-MM-DD)"));
    CHECK(bank_program({"--help"}).exit_code == 0);
    CHECK(contains(bank_program({"import", "--help"}).out, "--overdraft-limit"));
}

TEST_CASE("the demo reconciles, and its account shows what the demo promises") {
    const temp_dir directory;
    const auto demo = bank_program({"demo", "--data", (directory / "demo").string()});
    CHECK(demo.exit_code == 0);
    CHECK(demo.err.empty());
    CHECK(contains(demo.out, ", 0 mismatched\n"));
    CHECK(contains(demo.out, "all accounts together held 2 388 059.78 before, and hold 2 388 059.78 now\n"));
    // Progress without a terminal: one line for each quarter.
    std::size_t progress_lines = 0;
    for (auto at = demo.out.find("\nimported "); at != std::string::npos; at = demo.out.find("\nimported ", at + 1))
        ++progress_lines;
    CHECK(progress_lines == 4);
    // What makes this account interesting.
    CHECK(contains(demo.out, "rounding"));
    CHECK(contains(demo.out, "penalty_interest"));
    CHECK(contains(demo.out, "balance on 2024-03-31          -3 759.76\n"));
    CHECK_FALSE(contains(demo.out, "\x1b"));

    const auto again = bank_program({"demo", "--data", (directory / "demo").string()});
    CHECK(again.exit_code == 1);
    CHECK(again.out.empty());
    CHECK(contains(again.err, "already contains a bank"));
}

TEST_CASE("a made-up statement is the same for the same seed") {
    const temp_dir directory;
    const auto generate = [&](const char* name, const char* seed) {
        const auto file = (directory / name).string();
        CHECK(bank_program({"generate", file, "--accounts", "3", "--months", "2", "--seed", seed}).exit_code == 0);
        std::ifstream in(file);
        return std::string(std::istreambuf_iterator<char>(in), {});
    };
    const auto one = generate("one.csv", "1");
    CHECK(one == generate("again.csv", "1"));
    CHECK(one != generate("two.csv", "2"));
}
