#pragma once

#include "benchmarks/contest.hpp"

#include <filesystem>
#include <map>
#include <string>
#include <vector>

namespace bench {

/// Two ways to do the same work, measured in the same rounds.
struct comparison {
    std::string name;      ///< "append_batch1_full_ratio"
    std::string unit;      ///< "events/s"
    std::string measured;  ///< "Stele"
    rates measured_rates;
    std::string against;  ///< "plain SQLite"
    rates against_rates;
};

/// Collects figures, prints them as a table and writes them as JSON.
class report {
public:
    /// Adds a row to the table, and the median of the pairwise ratios under its name to the JSON.
    void add(const comparison& what);
    /// Adds a figure under a name of its own. Throws std::runtime_error if it is not a number.
    void add(const std::string& name, double figure);
    /// Adds a row that is one figure with its unit.
    void add_row(const std::string& name, double figure, const std::string& unit);

    /// A table in Markdown.
    [[nodiscard]] std::string table() const;
    /// One flat object.
    [[nodiscard]] std::string json() const;

private:
    std::vector<std::string> rows_;
    std::map<std::string, double> figures_;
};

/// What the figures depend on, in Markdown: processor, SQLite, compiler, disk, load.
std::string machine(const std::filesystem::path& directory);

/// Writes the whole file; throws std::runtime_error that names it.
void write_file(const std::filesystem::path& file, const std::string& text);

}  // namespace bench
