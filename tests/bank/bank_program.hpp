#pragma once

#include "bank/import/statement_file.hpp"
#include "bank/program/command_line.hpp"
#include "support/temp_dir.hpp"

#include <doctest/doctest.h>

#include <cstdio>
#include <fstream>
#include <memory>
#include <string>
#include <vector>

/// What the program answers.
struct answer {
    int exit_code = 0;
    std::string out;
    std::string err;
};

inline std::string text_of(std::FILE* file) {
    std::string text(static_cast<std::size_t>(std::ftell(file)), '\0');
    REQUIRE(std::fseek(file, 0, SEEK_SET) == 0);
    REQUIRE(std::fread(text.data(), 1, text.size(), file) == text.size());
    return text;
}

inline answer bank_program(const std::vector<std::string>& arguments) {
    const std::unique_ptr<std::FILE, int (*)(std::FILE*)> out(std::tmpfile(), &std::fclose);
    const std::unique_ptr<std::FILE, int (*)(std::FILE*)> err(std::tmpfile(), &std::fclose);
    const int exit_code = bank::run_bank(arguments, out.get(), err.get());
    return {exit_code, text_of(out.get()), text_of(err.get())};
}

/// A directory with a statement, and in data/ the bank imported from it.
struct imported_bank : temp_dir {
    std::string file = (path / "s.csv").string();
    std::string data = (path / "data").string();
    answer import;

    imported_bank() {
        std::ofstream(file) << bank::statement_header
                            << "\n7,1993-01-05,100,cash_deposit,123450,123450\n"
                               "8,1993-01-06,101,cash_deposit,50000,50000\n"
                               "7,1993-02-07,102,cash_withdrawal,-200000,-76550\n"
                               "8,1993-02-08,103,interest,450,50460\n";
        import = bank_program({"import", file, "--data", data});
    }
};

inline bool contains(const std::string& text, const std::string& part) {
    return text.find(part) != std::string::npos;
}
