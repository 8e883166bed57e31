#include "bank/command_line.hpp"

#include "bank/calendar.hpp"
#include "bank/demo.hpp"
#include "bank/ledger.hpp"
#include "bank/report.hpp"
#include "bank/statement.hpp"
#include "bank/statement_generator.hpp"
#include "bank/statement_import.hpp"

#include <stele/uuid.hpp>

#include <CLI/CLI.hpp>
#include <fmt/format.h>

#include <algorithm>
#include <exception>
#include <filesystem>
#include <sstream>
#include <system_error>
#include <vector>

namespace bank {
namespace {

enum exit_code : int { yes = 0, no = 1, not_understood = 2 };

// A directory that is gone when this object is.
struct temporary_directory {
    const std::filesystem::path path =
        std::filesystem::temp_directory_path() / ("bank-demo-" + stele::uuid::v7().str());

    temporary_directory() = default;
    temporary_directory(const temporary_directory&) = delete;
    temporary_directory& operator=(const temporary_directory&) = delete;
    ~temporary_directory() {
        std::error_code ignored;
        std::filesystem::remove_all(path, ignored);
    }
};

// What can stand on the command line, and what each command does with it.
struct request {
    std::FILE* out;
    std::string file = {};
    std::string data = {};
    std::string account = {};
    std::string as_of = {};
    period days = {};
    import_options import_settings{.progress = out};
    statement_plan plan = {};

    void print(std::string_view text) const { std::fwrite(text.data(), 1, text.size(), out); }
    [[nodiscard]] bank::ink ink() const { return ink::for_output(out); }

    [[nodiscard]] exit_code import() const {
        const auto result = import_statement(file, {data}, import_settings);
        print(describe(result, file));
        return result.reconciled.mismatched.empty() ? yes : no;
    }
    [[nodiscard]] exit_code balance() const {
        ledger ledger({data});
        print(balance_line(ledger, account, ink()));
        return yes;
    }
    [[nodiscard]] exit_code statement() const {
        ledger ledger({data});
        print(statement_of(ledger.events(), account, days, ink()));
        return yes;
    }
    [[nodiscard]] exit_code audit() const {
        ledger ledger({data});
        print(audit_of(ledger.events(), account, as_of, ink()));
        return yes;
    }
    [[nodiscard]] exit_code report() const {
        ledger ledger({data});
        print(report_of(ledger, ink()));
        return yes;
    }
    [[nodiscard]] exit_code generate() const {
        const auto rows = generate_statement(plan);
        write_statement_file(file, rows);
        print(fmt::format("{}: {} transactions on {} accounts\n", file, format_count(rows.size()), plan.accounts));
        return yes;
    }
    [[nodiscard]] exit_code demo() const {
        if (!data.empty()) return run_demo(data, out) ? yes : no;
        const temporary_directory directory;
        const bool reconciled = run_demo(directory.path, out);
        print("\nThis bank is removed again. To keep one and ask it more: bank demo --data DIR\n");
        return reconciled ? yes : no;
    }
};

// The grammar of the command line, filling a request.
class grammar {
public:
    using command_function = exit_code (request::*)() const;

    explicit grammar(request& request) : request_(request) {
        app_.require_subcommand(1);

        auto* command = add("import", "make a bank from a statement file, and compare every balance", &request::import);
        command->add_option("FILE", request_.file, "the statement (CSV)")->required();
        add_data(command);
        command
            ->add_option("--overdraft-limit", request_.import_settings.overdraft_limit,
                         "of each account, in minor units (1/100)")
            ->check(CLI::NonNegativeNumber)
            ->capture_default_str();
        command->add_option("--threads", request_.import_settings.threads, "how many accounts are booked at a time")
            ->check(CLI::Range(1, 1'024))
            ->capture_default_str();

        command = add_question("balance", "what is on an account", &request::balance);

        command = add_question("statement", "what was booked on an account", &request::statement);
        command->add_option("--from", request_.days.from, "the first day (YYYY-MM-DD)")->check(check_date);
        command->add_option("--to", request_.days.to, "the last day (YYYY-MM-DD)")->check(check_date);

        command = add_question("audit", "what was on an account at the end of a day, and why", &request::audit);
        command->add_option("--as-of", request_.as_of, "the day (YYYY-MM-DD)")->required()->check(check_date);

        add_data(add("report", "largest balances, overdrawn accounts, turnover by month", &request::report));

        command = add("generate", "make up a statement file", &request::generate);
        command->add_option("FILE", request_.file, "the file to write")->required();
        command->add_option("--accounts", request_.plan.accounts, "how many")
            ->check(CLI::Range(1, 100'000))
            ->capture_default_str();
        command->add_option("--months", request_.plan.months, "how many, from 2024-01")
            ->check(CLI::Range(1, 1'200))
            ->capture_default_str();
        command->add_option("--seed", request_.plan.seed, "another seed, another statement")->capture_default_str();

        command = add("demo", "show all of this on a statement that is made up", &request::demo);
        command->add_option("--data", request_.data, "where to leave the bank; otherwise it is removed");
    }

    // Returns the function of the command that was given. Throws CLI::ParseError.
    command_function parse(std::span<const std::string> arguments) {
        // The parser takes them last first.
        app_.parse(std::vector<std::string>(arguments.rbegin(), arguments.rend()));
        return chosen_;
    }

    [[nodiscard]] std::string help() const { return app_.help(); }

    // Prints what the parser has to say (also help is an "error" to it); returns the exit code.
    int explain(const CLI::ParseError& error, std::FILE* out, std::FILE* err) const {
        std::ostringstream help;
        std::ostringstream complaint;
        const int code = app_.exit(error, help, complaint);
        std::fputs(help.str().c_str(), out);
        std::fputs(complaint.str().c_str(), err);
        return code == 0 ? yes : not_understood;
    }

private:
    static std::string check_date(const std::string& text) {
        return is_date(text) ? "" : fmt::format("\"{}\" is not a date (YYYY-MM-DD)", text);
    }

    CLI::App* add(const std::string& name, const std::string& about, command_function function) {
        auto* command = app_.add_subcommand(name, about);
        command->callback([this, function] { chosen_ = function; });
        return command;
    }
    CLI::App* add_data(CLI::App* command) {
        command->add_option("--data", request_.data, "the directory of the bank")->required();
        return command;
    }
    // A command that asks about one account.
    CLI::App* add_question(const std::string& name, const std::string& about, command_function function) {
        auto* command = add(name, about, function);
        command->add_option("ACCOUNT", request_.account, "the number of the account")->required();
        return add_data(command);
    }

    request& request_;
    command_function chosen_ = nullptr;
    CLI::App app_{"A bank whose accounts are nothing but their events.", "bank"};
};

}  // namespace

int run_bank(std::span<const std::string> arguments, std::FILE* out, std::FILE* err) {
    request request{.out = out};
    grammar grammar(request);
    if (arguments.empty()) {
        std::fputs(grammar.help().c_str(), err);
        return not_understood;
    }
    try {
        return (request.*grammar.parse(arguments))();
    } catch (const CLI::ParseError& error) {
        return grammar.explain(error, out, err);
    } catch (const std::exception& error) {
        fmt::print(err, "bank: {}\n", error.what());
        return no;
    }
}

}  // namespace bank
