#pragma once

#include "bank/import/statement_import.hpp"

#include <chrono>
#include <cstdint>
#include <cstdio>
#include <filesystem>
#include <string>

namespace bank {

/// Shows how far some work is: on a terminal a bar that is drawn in place, elsewhere a line for every quarter.
/// One thread at a time may call it.
class progress {
public:
    /// For "imported 25 of 100 transactions", `done` is "imported" and `thing` is "transaction".
    progress(std::FILE* out, std::string done, std::string thing);
    progress(const progress&) = delete;
    progress& operator=(const progress&) = delete;
    ~progress();

    /// `count` of `total` are done: one more than at the last call.
    void show(std::uint64_t count, std::uint64_t total);

private:
    using clock = std::chrono::steady_clock;
    void draw_bar(std::uint64_t count, std::uint64_t total, clock::time_point now);
    [[nodiscard]] std::string speed(std::uint64_t count, std::uint64_t total, clock::time_point now) const;

    std::FILE* out_;
    std::string done_text_, thing_;
    bool in_place_;
    clock::time_point begin_ = clock::now();
    clock::time_point drawn_{};
};

/// Imports a statement as import_statement does, and shows on `out` how far it is.
import_result import_with_progress(const std::filesystem::path& statement, const bank_directory& directory,
                                   import_options options, std::FILE* out);

}  // namespace bank
