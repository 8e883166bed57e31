#pragma once

#include "bank/import/send_statement.hpp"
#include "bank/program/terminal.hpp"
#include "bank/read/account_statement.hpp"
#include "bank/tools/statement_generator.hpp"

#include <cstdint>
#include <cstdio>
#include <string>
#include <string_view>

namespace bank {

enum exit_code : int { yes = 0, no = 1, not_understood = 2 };

/// The options of the command line, and the function of each command. They write the answer to `out`, or throw refusal.
struct request {
    std::FILE* out;
    std::string file = {};
    std::string data = {};
    std::string account = {};
    std::string as_of = {};
    period days = {};
    std::uint64_t page = 0;
    std::size_t count = 10;
    bool diff = false;
    bool follow = false;
    import_options import_settings = {};
    statement_plan plan = {};
    std::string svg = {};
    std::string name = {};  // of a transfer, a standing order, a read model
    std::string target = {};
    std::string amount = {};
    std::string first_date = {};
    std::string reason = {};
    std::string actor = {};
    std::string today = {};

    [[nodiscard]] exit_code import() const;
    [[nodiscard]] exit_code generate() const;
    [[nodiscard]] exit_code demo() const;

    // Questions.
    [[nodiscard]] exit_code balance() const;
    [[nodiscard]] exit_code statement() const;
    [[nodiscard]] exit_code audit() const;
    [[nodiscard]] exit_code report() const;
    [[nodiscard]] exit_code largest() const;

    // Upkeep of the read models.
    [[nodiscard]] exit_code status() const;
    [[nodiscard]] exit_code rebuild() const;

    // Orders.
    [[nodiscard]] exit_code transfer() const;
    [[nodiscard]] exit_code standing_order() const;
    [[nodiscard]] exit_code cancel() const;
    [[nodiscard]] exit_code run_due() const;
    [[nodiscard]] exit_code freeze() const;
    [[nodiscard]] exit_code unfreeze() const;

private:
    void print(std::string_view text) const { std::fwrite(text.data(), 1, text.size(), out); }
    [[nodiscard]] bank::ink ink() const { return ink::for_output(out); }
    [[nodiscard]] exit_code order(const auto& function) const;
};

}  // namespace bank
