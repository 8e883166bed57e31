#include "projections/generations/diff/model_comparison.hpp"

#include <stele/eventstore/detail/own_file.hpp>
#include <stele/projections/generations/read_model_diff.hpp>

#include <fmt/format.h>

#include <utility>

namespace stele::inline v0 {
namespace {

// ", NAME VALUE" for each column, with the value from before and after it.
std::string list(const std::vector<model_difference::column>& columns) {
    std::string text;
    for (const auto& [name, old_value, new_value] : columns) {
        text += fmt::format("{}{} {}{}{}", text.empty() ? "" : ", ", name, old_value,
                            old_value.empty() || new_value.empty() ? "" : " -> ", new_value);
    }
    return text;
}

}  // namespace

std::string model_difference::message() const {
    auto row = table;
    if (!key.empty()) row += ", " + list(key);
    using enum difference_kind;
    switch (kind) {
        case changed: return fmt::format("{}: {}", row, list(columns));
        case only_old: return fmt::format("{}: only in the old generation: {}", row, list(columns));
        case only_new: return fmt::format("{}: only in the new generation: {}", row, list(columns));
        case table_only_old: return fmt::format("{}: a table of the old generation only", table);
        case table_only_new: return fmt::format("{}: a table of the new generation only", table);
        case column_only_old:
            return fmt::format("{}.{}: a column of the old generation only", table, columns.front().name);
        case column_only_new:
            return fmt::format("{}.{}: a column of the new generation only", table, columns.front().name);
    }
    std::unreachable();
}

std::string diff_summary::message() const {
    auto text = fmt::format("{} {} changed, {} only in the old generation, {} only in the new one", changed,
                            changed == 1 ? "row" : "rows", only_old, only_new);
    if (tables_and_columns > 0)
        text += fmt::format(", {} {} in one of them only", tables_and_columns,
                            tables_and_columns == 1 ? "table or column" : "tables or columns");
    if (old_checkpoint == new_checkpoint) return text + fmt::format(", both at {}", old_checkpoint.value);
    return text + fmt::format(", at {} and {}: some differ because of the events between", old_checkpoint.value,
                              new_checkpoint.value);
}

diff_summary diff_read_models(const std::filesystem::path& old_file, const std::filesystem::path& new_file,
                              const difference_visitor& each, const connection_options& connection) {
    using detail::absolute_name;
    return detail::model_comparison{absolute_name(old_file), absolute_name(new_file), connection}.run(each);
}

}  // namespace stele::inline v0
