#pragma once

#include <stele/eventstore/sqlite/connection_options.hpp>
#include <stele/eventstore/version.hpp>

#include <cstdint>
#include <filesystem>
#include <functional>
#include <string>
#include <vector>

namespace stele::inline v0 {

/// How a row differs.
enum class difference_kind : std::uint8_t {
    changed,          ///< The rows with this key have different values: both, in `columns`.
    only_old,         ///< The row is only in the old generation; its values are in `columns`.
    only_new,         ///< The row is only in the new generation; its values are in `columns`.
    table_only_old,   ///< The new generation has no such table. Its rows are not listed.
    table_only_new,   ///< The old generation has no such table. Its rows are not listed.
    column_only_old,  ///< Only the old generation's table has the column, the only one in `columns`. Rows are compared
                      ///< without it.
    column_only_new,  ///< The same for the new generation.
};

/// One difference between two generations of a read model. Values are in SQL notation: 12, 'text', NULL, x'00FF'.
struct model_difference {
    /// A column and its two values.
    struct column {
        /// The name of the column.
        std::string name;
        std::string old_value = {};  ///< Empty if there is none.
        /// Its value in the new generation.
        std::string new_value = {};
    };

    /// How the row differs.
    difference_kind kind = difference_kind::changed;
    /// The table of the row.
    std::string table;
    /// The columns of the primary key with their values (in old_value). Empty for a table without one, whose rows are
    /// compared as a whole.
    std::vector<column> key = {};
    /// For a changed row only the columns that differ.
    std::vector<column> columns = {};

    /// One line for people: "balances, account '42': balance 100 -> 250".
    [[nodiscard]] std::string message() const;
};

/// The result of a comparison of two generations.
struct diff_summary {
    /// The file of the old generation.
    std::filesystem::path old_file;
    /// The file of the new generation.
    std::filesystem::path new_file;
    /// The checkpoint of each. If they differ, rows may differ just because of the events between.
    position old_checkpoint;
    /// The last position that the new generation has applied.
    position new_checkpoint;
    /// How many differences of each kind were found.
    std::uint64_t changed = 0;
    /// Rows that only the old generation has.
    std::uint64_t only_old = 0;
    /// Rows that only the new generation has.
    std::uint64_t only_new = 0;
    /// Tables and columns that only one of them has.
    std::uint64_t tables_and_columns = 0;

    /// Whether no difference was found.
    [[nodiscard]] bool none() const { return changed + only_old + only_new + tables_and_columns == 0; }
    /// One line for people: "3 rows changed, 1 only in the old generation, 0 only in the new one, both at 5052".
    [[nodiscard]] std::string message() const;
};

/// Receives each difference; returns false to end the comparison.
using difference_visitor = std::function<bool(const model_difference&)>;

/// Compares two read models (files of generations, or stable names that lead to one) table by table and row by row,
/// each as of one moment: rows by primary key, those of tables without one as a whole. Calls `each` (none: only counts)
/// for every difference, in the order of keys, for each table first with the rows that changed or are only in the old
/// one. Memory: one row of the result.
///
/// Tables of the runner (stele_…), views and virtual tables are left out, and so are the values of generated columns.
/// projection_runner::diff() compares the generations of a projection, brought to the same position. Makes no file that
/// those who write the read models could not use.
/// Throws stele::error: io (no such file), foreign_file (not a read model), newer_format, busy, corrupt;
/// invalid_argument if a name belongs to a file that SQLite keeps beside a read model (`x.db-wal`).
diff_summary diff_read_models(const std::filesystem::path& old_file, const std::filesystem::path& new_file,
                              const difference_visitor& each = {}, const connection_options& connection = {});

}  // namespace stele::inline v0
