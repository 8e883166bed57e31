#pragma once

#include "bank/program/request.hpp"

#include <CLI/CLI.hpp>

#include <cstdio>
#include <span>
#include <string>

namespace bank {

/// The grammar of the command line: parsing fills a request.
class grammar {
public:
    using command_function = exit_code (request::*)() const;

    /// The request must outlive it.
    explicit grammar(request& request);

    /// Returns the function of the given command. Throws CLI::ParseError.
    command_function parse(std::span<const std::string> arguments);

    [[nodiscard]] std::string help() const { return app_.help(); }

    /// Prints the message of the parser (its help is an "error" too); returns the exit code.
    int explain(const CLI::ParseError& error, std::FILE* out, std::FILE* err) const;

private:
    void add_import();
    void add_questions();
    void add_orders();
    void add_upkeep();
    void add_made_up();

    CLI::App* add(const std::string& name, const std::string& about, command_function function);
    CLI::App* add_data(CLI::App* command);
    CLI::App* add_account(CLI::App* command);
    CLI::App* add_for_account(const std::string& name, const std::string& about, command_function function);
    // A command that is executed on a day.
    CLI::App* add_order(const std::string& name, const std::string& about, command_function function);
    CLI::App* add_payment(const std::string& name, const std::string& about, command_function function);
    void add_actor(CLI::App* command);

    request& request_;
    command_function chosen_ = nullptr;
    CLI::App app_{"A bank that stores nothing but events.", "bank"};
};

}  // namespace bank
