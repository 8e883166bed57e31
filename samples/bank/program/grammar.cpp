#include "bank/program/grammar.hpp"

#include "bank/domain/calendar.hpp"
#include "bank/domain/money.hpp"

#include <fmt/format.h>

#include <sstream>
#include <vector>

namespace bank {
namespace {

std::string check_amount(const std::string& text) {
    return parse_money(text) ? "" : fmt::format("\"{}\" is not an amount (1234.50)", text);
}

std::string check_date(const std::string& text) {
    return is_date(text) ? "" : fmt::format("\"{}\" is not a date (YYYY-MM-DD)", text);
}

}  // namespace

grammar::grammar(request& request) : request_(request) {
    app_.require_subcommand(1);

    add_import();
    add_questions();
    add_orders();
    add_upkeep();
    add_made_up();
}

grammar::command_function grammar::parse(std::span<const std::string> arguments) {
    // The parser expects them in reverse order.
    app_.parse(std::vector<std::string>(arguments.rbegin(), arguments.rend()));
    return chosen_;
}

int grammar::explain(const CLI::ParseError& error, std::FILE* out, std::FILE* err) const {
    std::ostringstream help;
    std::ostringstream complaint;
    const int code = app_.exit(error, help, complaint);
    std::fputs(help.str().c_str(), out);
    std::fputs(complaint.str().c_str(), err);
    return code == 0 ? yes : not_understood;
}

void grammar::add_import() {
    auto* command = add("import", "create a bank from a statement file, and compare every balance", &request::import);
    command->add_option("FILE", request_.file, "the statement (CSV)")->required();
    add_data(command);
    command
        ->add_option("--overdraft-limit", request_.import_settings.overdraft_limit,
                     "of every account, in minor units (1/100)")
        ->check(CLI::NonNegativeNumber)
        ->capture_default_str();
    command
        ->add_option("--threads", request_.import_settings.threads, "how many accounts are imported at the same time")
        ->check(CLI::Range(1, 1'024))
        ->capture_default_str();
}

void grammar::add_questions() {
    add_for_account("balance", "show the balance of an account", &request::balance);

    auto* command = add_for_account("statement", "show what was booked on an account", &request::statement);
    command->add_option("--from", request_.days.from, "the first day (YYYY-MM-DD)")->check(check_date);
    command->add_option("--to", request_.days.to, "the last day (YYYY-MM-DD)")->check(check_date);
    command->add_option("--page", request_.page, "one page only, counted from 1")->check(CLI::Range(1, 1'000'000));

    command = add_for_account("audit", "show the balance of an account at the end of a day, and why", &request::audit);
    command->add_option("--as-of", request_.as_of, "the day (YYYY-MM-DD)")->required()->check(check_date);

    command = add_data(
        add("report", "show the largest balances, the overdrawn accounts and the turnover by month", &request::report));
    command->add_option("--svg", request_.svg, "draw the turnover into this SVG file instead");

    command = add_data(add("largest", "show the accounts that hold most", &request::largest));
    command->add_option("--count", request_.count, "how many accounts")
        ->check(CLI::Range(1, 1'000'000))
        ->capture_default_str();
}

void grammar::add_upkeep() {
    auto* command = add_data(add("status", "show the state of the read models", &request::status));
    command->add_flag("--follow", request_.follow, "keep running and updating them until Ctrl-C");

    command = add_data(add("rebuild", "rebuild a read model from all events", &request::rebuild));
    command->add_option("NAME", request_.name, "the read model, as status shows it")->required();
    command->add_flag("--diff", request_.diff, "show what changed, row by row");
}

void grammar::add_orders() {
    auto* command = add_payment("transfer", "move money between two accounts", &request::transfer);
    command->add_option("--id", request_.name, "its name: a repeated transfer of the same name is not executed twice");

    command = add_payment("standing-order", "move money every month", &request::standing_order);
    command->add_option("--id", request_.name, "its name")->required();
    command->add_option("--first", request_.first_date, "the first day (YYYY-MM-DD)")->required()->check(check_date);

    command = add_order("cancel", "end a standing order", &request::cancel);
    command->add_option("ID", request_.name, "the name of the standing order")->required();

    add_order("run", "execute everything that is due", &request::run_due);

    command = add_order("freeze", "block withdrawals from an account", &request::freeze);
    add_account(command);
    command->add_option("--reason", request_.reason, "why")->required();
    add_actor(command);

    command = add_order("unfreeze", "allow withdrawals again", &request::unfreeze);
    add_account(command);
    add_actor(command);
}

void grammar::add_made_up() {
    auto* command = add("generate", "generate a made-up statement file", &request::generate);
    command->add_option("FILE", request_.file, "the file to write")->required();
    command->add_option("--accounts", request_.plan.accounts, "how many")
        ->check(CLI::Range(1, 100'000))
        ->capture_default_str();
    command->add_option("--months", request_.plan.months, "how many, starting with 2024-01")
        ->check(CLI::Range(1, 1'200))
        ->capture_default_str();
    command->add_option("--seed", request_.plan.seed, "another seed gives another statement")->capture_default_str();

    command = add("demo", "show all of this on a made-up statement", &request::demo);
    command->add_option("--data", request_.data, "where to keep the bank; otherwise it is removed");
}

CLI::App* grammar::add(const std::string& name, const std::string& about, command_function function) {
    auto* command = app_.add_subcommand(name, about);
    command->callback([this, function] { chosen_ = function; });
    return command;
}

CLI::App* grammar::add_data(CLI::App* command) {
    command->add_option("--data", request_.data, "the directory of the bank")->required();
    return command;
}

CLI::App* grammar::add_account(CLI::App* command) {
    command->add_option("ACCOUNT", request_.account, "the number of the account")->required();
    return command;
}

CLI::App* grammar::add_for_account(const std::string& name, const std::string& about, command_function function) {
    return add_data(add_account(add(name, about, function)));
}

CLI::App* grammar::add_order(const std::string& name, const std::string& about, command_function function) {
    auto* command = add_data(add(name, about, function));
    command->add_option("--today", request_.today, "the day to book on instead of today (YYYY-MM-DD)")
        ->check(check_date);
    return command;
}

CLI::App* grammar::add_payment(const std::string& name, const std::string& about, command_function function) {
    auto* command = add_order(name, about, function);
    command->add_option("FROM", request_.account, "the account that pays")->required();
    command->add_option("TO", request_.target, "the account that receives")->required();
    command->add_option("AMOUNT", request_.amount, "for example 1234.50")->required()->check(check_amount);
    return command;
}

void grammar::add_actor(CLI::App* command) {
    command->add_option("--actor", request_.actor, "who requests it: officer:NAME")->required();
}

}  // namespace bank
