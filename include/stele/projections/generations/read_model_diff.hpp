#pragma once

#include <stele/eventstore/version.hpp>

#include <cstdint>
#include <filesystem>
#include <functional>
#include <string>
#include <vector>

namespace stele::inline v0 {

/// What one row, or one table, is in one generation of a read model and not in the other. Values are in the notation of
/// SQL: 12, 'text', NULL, x'00FF'.
struct model_difference {
    enum class kind : std::uint8_t {
        changed,          ///< The rows with this key have other values: both, in `columns`.
        only_old,         ///< The row is only in the old generation; its values are in `columns`.
        only_new,         ///< The row is only in the new generation.
        table_only_old,   ///< There is no such table in the new generation. Its rows are not listed.
        table_only_new,   ///< There is no such table in the old generation.
        column_only_old,  ///< The table has the column, the only one in `columns`, in the old generation alone.
        column_only_new,  ///< The same of the new one. Rows are compared without it.
    };
    struct column {
        std::string name;
        std::string old_value = {};  ///< Empty if there is none.
        std::string new_value = {};
    };

    kind what = kind::changed;
    std::string table;
    /// The primary key and its value (as old_value). Empty for a table without one: its rows are what they are.
    std::vector<column> key = {};
    /// Of a row that changed only those that did.
    std::vector<column> columns = {};

    /// One line for people: "balances, account '42': balance 100 -> 250".
    [[nodiscard]] std::string message() const;
};

/// What a comparison of two generations came to.
struct diff_summary {
    std::filesystem::path old_file;
    std::filesystem::path new_file;
    /// Up to where the events are in each. If these differ, so may rows, only because of the events between.
    position old_checkpoint;
    position new_checkpoint;
    /// How many differences of each kind were found.
    std::uint64_t changed = 0;
    std::uint64_t only_old = 0;
    std::uint64_t only_new = 0;
    /// Tables and columns that are in one of them alone.
    std::uint64_t tables_and_columns = 0;

    /// Whether no difference was found.
    [[nodiscard]] bool none() const { return changed + only_old + only_new + tables_and_columns == 0; }
    /// One line for people: "3 rows changed, 1 only in the old generation, 0 only in the new one, both at 5052".
    [[nodiscard]] std::string message() const;
};

/// Is given each difference; returns whether to go on.
using difference_visitor = std::function<bool(const model_difference&)>;

/// Compares two read models (files of generations, or stable names that lead to one) table by table and row by row,
/// each as it was at one moment: rows by primary key, those of tables without one as a whole. Calls `each` (none: only
/// counts) while it goes through them, in the order of keys, for each table first with what changed and what is only in
/// the old one; holds no more than one row of the result.
///
/// Tables of the runner (stele_…), views and virtual tables are left out, and so are the values of generated columns.
/// projection_runner::diff() compares the generations of a projection, brought to the same position.
/// Throws stele::error: io (no such file), format (not a read model, or of a newer format), busy, corrupt.
diff_summary diff_read_models(const std::filesystem::path& old_file, const std::filesystem::path& new_file,
                              const difference_visitor& each = {});

}  // namespace stele::inline v0
