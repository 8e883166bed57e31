#include "bank/program/demo.hpp"

#include "bank/import/statement_import.hpp"
#include "bank/program/progress.hpp"
#include "bank/program/report.hpp"
#include "bank/program/service_desk.hpp"
#include "bank/program/statement_text.hpp"
#include "bank/read/balances.hpp"
#include "bank/storage/ledger.hpp"
#include "bank/tools/statement_generator.hpp"

#include <fmt/format.h>

#include <functional>

namespace bank {
namespace {

// This plan gives the same statement on every machine, so an interesting account can be chosen: soon after its opening
// it was overdrawn, and the bank rounded when it charged interest for that.
const statement_plan plan{.accounts = 60, .months = 12, .seed = 1, .first_day = "2024-01-01"};
constexpr auto account_shown = "1008";
constexpr auto day_shown = "2024-03-31";

class narrator {
public:
    explicit narrator(std::FILE* out) : ink(ink::for_output(out)), out_(out) {}

    const bank::ink ink;

    // A question, and the command that answers it.
    void ask(std::string_view question, std::string_view command) {
        ask(question);
        show_command(command);
        print("\n");
    }
    void ask(std::string_view question) {
        print(fmt::format("\n{}\n", ink.bold(fmt::format("{}. {}", ++step_, question))));
    }
    void show_command(std::string_view command) { print(ink.cyan(fmt::format("   $ bank {}", command)) + "\n"); }

    void print(std::string_view text) {
        std::fwrite(text.data(), 1, text.size(), out_);
        std::fflush(out_);
    }

private:
    std::FILE* out_;
    int step_ = 0;
};

void make_statement(narrator& narrator, const std::filesystem::path& statement) {
    narrator.ask("A statement as a bank writes it (made up; amounts in 1/100)",
                 fmt::format("generate DIR/statement.csv --accounts {} --months {} --seed {}", plan.accounts,
                             plan.months, plan.seed));
    const auto rows = generate_statement(plan);
    std::filesystem::create_directories(statement.parent_path());
    write_statement_file(statement, rows);
    narrator.print(fmt::format("  {}\n  {}\n  {}\n  … {} rows\n", statement_header, to_csv(rows[0]), to_csv(rows[1]),
                               format_count(rows.size())));
}

// Orders, each shown with its command and the answer. A refusal is an answer, too.
void give_orders(narrator& narrator, stele::event_store& store) {
    const auto order = [&](const char* today, const std::string& command, const auto& function) {
        narrator.show_command(fmt::format("{} --today {} --data DIR", command, today));
        service_desk desk(store, today);
        try {
            narrator.print(function(desk).text);
        } catch (const refusal& why) {
            narrator.print(fmt::format("bank: {}\n", why.what()));
        }
    };
    order("2025-01-02", "transfer 1022 1008 5000.00 --id T1",
          [](auto& desk) { return desk.transfer_money("T1", "1022", "1008", 500'000); });
    order("2025-01-02", "transfer 1022 9999 5000.00 --id T2",
          [](auto& desk) { return desk.transfer_money("T2", "1022", "9999", 500'000); });
    order("2025-01-02", "freeze 1008 --reason debts --actor clerk:petr",
          [](auto& desk) { return desk.freeze("1008", "debts", "clerk:petr"); });
    order("2025-01-02", "freeze 1008 --reason debts --actor officer:jana",
          [](auto& desk) { return desk.freeze("1008", "debts", "officer:jana"); });
    order("2025-01-02", "transfer 1008 1022 100.00 --id T3",
          [](auto& desk) { return desk.transfer_money("T3", "1008", "1022", 10'000); });
    order("2025-01-02", "standing-order 1022 1020 250.00 --id rent --first 2025-01-31",
          [](auto& desk) { return desk.place_standing_order("rent", "1022", "1020", 25'000, "2025-01-31"); });
    order("2025-03-01", "run", [](auto& desk) { return desk.carry_out_due(); });
}

// Returns whether all accounts together hold as much as before.
bool conserves_money(narrator& narrator, const bank_directory& home) {
    const auto before = totals(ledger(home).balances()).balance;
    {
        auto store = open_events(home);
        record_schemas(store);
        give_orders(narrator, store);
    }
    const auto after = totals(ledger(home).balances()).balance;
    narrator.print(fmt::format("\nall accounts together held {} before, and hold {} now\n", format_money(before),
                               format_money(after)));
    return before == after;
}

}  // namespace

bool run_demo(const std::filesystem::path& directory, std::FILE* out) {
    narrator narrator(out);
    const bank_directory home{directory};
    const auto statement = directory / "statement.csv";
    refuse_if_occupied(home);
    narrator.print(fmt::format("A bank in DIR = {}\n", directory.string()));
    make_statement(narrator, statement);

    narrator.ask("Each row is sent as a command and stored as an event; then every balance is replayed and compared",
                 "import DIR/statement.csv --data DIR");
    const auto imported = import_with_progress(statement, home, {}, out);
    narrator.print(describe(imported, statement));

    {
        ledger ledger(home);
        narrator.ask("What is the balance of an account? (from a read model in SQL, updated by a projection)",
                     fmt::format("balance {} --data DIR", account_shown));
        narrator.print(balance_line(ledger, account_shown, narrator.ink));

        narrator.ask("What was it on a day in the past, and why? (from a replay of its events)",
                     fmt::format("audit {} --as-of {} --data DIR", account_shown, day_shown));
        narrator.print(audit_of(ledger.events(), account_shown, day_shown, narrator.ink));
    }

    narrator.ask("Money moves between accounts, and goes back if it is rejected (by a process manager)");
    const bool conserved = conserves_money(narrator, home);

    narrator.ask("How is the bank doing? (from the read models)", "report --data DIR");
    ledger ledger(home);
    narrator.print(report_of(ledger, narrator.ink));
    return imported.reconciled.mismatched.empty() && conserved;
}

}  // namespace bank
