#include "bank/demo.hpp"

#include "bank/ledger.hpp"
#include "bank/report.hpp"
#include "bank/statement.hpp"
#include "bank/statement_generator.hpp"
#include "bank/statement_import.hpp"

#include <fmt/format.h>

namespace bank {
namespace {

// The statement of this plan is the same everywhere, so one account can be chosen that has something to show: soon
// after its opening it was overdrawn, and the bank rounded when it charged interest for that.
const statement_plan plan{.accounts = 60, .months = 12, .seed = 1, .first_day = "2024-01-01"};
constexpr auto account_shown = "1008";
constexpr auto day_shown = "2024-03-31";

class narrator {
public:
    explicit narrator(std::FILE* out) : ink(ink::for_output(out)), out_(out) {}

    const bank::ink ink;

    // A question, and the command that answers it.
    void ask(std::string_view question, std::string_view command) {
        tell(fmt::format("\n{}\n{}\n\n", ink.bold(fmt::format("{}. {}", ++step_, question)),
                         ink.cyan(fmt::format("   $ bank {}", command))));
    }

    void tell(std::string_view text) {
        std::fwrite(text.data(), 1, text.size(), out_);
        std::fflush(out_);
    }

private:
    std::FILE* out_;
    int step_ = 0;
};

void make_statement(narrator& narrator, const std::filesystem::path& statement) {
    narrator.ask("A statement, as a bank writes it (made up; amounts in 1/100)",
                 fmt::format("generate DIR/statement.csv --accounts {} --months {} --seed {}", plan.accounts,
                             plan.months, plan.seed));
    const auto rows = generate_statement(plan);
    std::filesystem::create_directories(statement.parent_path());
    write_statement_file(statement, rows);
    narrator.tell(fmt::format("  {}\n  {}\n  {}\n  … {} rows\n", statement_header, to_csv(rows[0]), to_csv(rows[1]),
                              format_count(rows.size())));
}

}  // namespace

bool run_demo(const std::filesystem::path& directory, std::FILE* out) {
    narrator narrator(out);
    const bank_directory home{directory};
    const auto statement = directory / "statement.csv";
    refuse_if_occupied(home);
    narrator.tell(fmt::format("A bank in DIR = {}\n", directory.string()));
    make_statement(narrator, statement);

    narrator.ask("Each row is sent as a command and kept as an event; then every balance is replayed and compared",
                 "import DIR/statement.csv --data DIR");
    const auto imported = import_statement(statement, home, {.progress = out});
    narrator.tell(describe(imported, statement));

    ledger ledger(home);
    narrator.ask("What is on an account? (from a read model that a projection keeps in SQL)",
                 fmt::format("balance {} --data DIR", account_shown));
    narrator.tell(balance_line(ledger, account_shown, narrator.ink));

    narrator.ask("What was on it that day, and why? (from a replay of its events)",
                 fmt::format("audit {} --as-of {} --data DIR", account_shown, day_shown));
    narrator.tell(audit_of(ledger.events(), account_shown, day_shown, narrator.ink));

    narrator.ask("How is the bank doing? (from the read models)", "report --data DIR");
    narrator.tell(report_of(ledger, narrator.ink));
    return imported.reconciled.mismatched.empty();
}

}  // namespace bank
