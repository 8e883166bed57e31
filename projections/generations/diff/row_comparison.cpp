// The rows of a table that both generations have, compared by SQLite itself.

#include "projections/generations/diff/model_comparison.hpp"

#include <fmt/format.h>
#include <sqlite3.h>

#include <cmath>
#include <cstdint>
#include <cstdlib>
#include <string>
#include <string_view>
#include <utility>

namespace stele::inline v0::detail {
namespace {

using kind = difference_kind;
using names_list = std::vector<std::string>;

// "FORMAT, FORMAT" with the name of each column, as SQL.
template <class Format>
std::string for_each_column(const names_list& columns, const char* between, Format format) {
    std::string text;
    for (const auto& column : columns) text += (text.empty() ? "" : between) + format(sql_name(column));
    return text;
}

// Values are equal if their bytes are, whatever the collation of the column; 1 does not equal 1.0.
std::string differ(const std::string& column) {
    return fmt::format("(o.{0} IS NOT n.{0} COLLATE BINARY OR typeof(o.{0}) <> typeof(n.{0}))", column);
}

std::string same_key(const names_list& key) {
    return for_each_column(key, " AND ", [](const std::string& c) { return fmt::format("o.{0} = n.{0}", c); });
}

names_list joined(const names_list& first, const names_list& second) {
    auto all = first;
    all.insert(all.end(), second.begin(), second.end());
    return all;
}

// A number with as many digits as tell it from every other one. (SQLite's quote() writes 0.1 + 0.2 with 21 digits and
// an exponent.) The point says that it is no integer.
std::string text_of(double value) {
    if (std::isinf(value)) return value < 0 ? "-9e999" : "9e999";  // as SQL has it
    auto digits = fmt::format("{}", value);
    return digits.find_first_of(".e") == std::string::npos ? digits + ".0" : digits;
}

std::string text_of(std::string_view value) {
    std::string quoted = "'";
    for (const char c : value) quoted += c == '\'' ? "''" : std::string(1, c);
    return quoted + "'";
}

std::string hex_of(std::string_view bytes) {
    std::string digits;
    for (const char byte : bytes) digits += fmt::format("{:02X}", static_cast<unsigned char>(byte));
    return "X'" + digits + "'";
}

// In SQL notation.
std::string text(const statement& row, int column) {
    switch (row.column_type(column)) {
        case SQLITE_NULL: return "NULL";
        case SQLITE_INTEGER: return fmt::format("{}", row.column_int64(column));
        case SQLITE_FLOAT: return text_of(row.column_double(column));
        case SQLITE_BLOB: return hex_of(row.column_bytes(column));
        default: return text_of(row.column_bytes(column));
    }
}

}  // namespace

// Rows that changed, and rows that only the old one has.
void model_comparison::compare_by_key(const table& both) {
    const auto all = joined(both.key, both.common);
    auto query = db_->prepare(fmt::format(
        "SELECT n.{0} IS NULL, {1} FROM main.{2} AS o LEFT JOIN other.{2} AS n ON {3} "
        "WHERE n.{0} IS NULL OR {4} ORDER BY {5}",
        sql_name(both.key.front()),
        for_each_column(all, ", ", [](const std::string& c) { return fmt::format("o.{0}, n.{0}, {1}", c, differ(c)); }),
        sql_name(both.name), same_key(both.key), for_each_column(all, " OR ", differ),
        for_each_column(both.key, ", ", [](const std::string& c) { return "o." + c; })));
    while (!over_ && query.step()) {
        const bool only_old = query.column_int64(0) != 0;
        model_difference found{.kind = only_old ? kind::only_old : kind::changed, .table = both.name};
        for (std::size_t i = 0; i < all.size(); ++i) {
            const auto at = static_cast<int>(1 + 3 * i);
            model_difference::column column{all[i], text(query, at), only_old ? "" : text(query, at + 1)};
            const bool is_key = i < both.key.size();
            if (is_key) found.key.push_back({.name = column.name, .old_value = column.old_value});
            if (only_old ? !is_key : query.column_int64(at + 2) != 0) found.columns.push_back(std::move(column));
        }
        report(found);
    }
}

void model_comparison::list_new_rows(const table& both) {
    const auto all = joined(both.key, both.common);
    auto query = db_->prepare(
        fmt::format("SELECT {0} FROM other.{1} AS n LEFT JOIN main.{1} AS o ON {2} WHERE o.{3} IS NULL ORDER BY {4}",
                    for_each_column(all, ", ", [](const std::string& c) { return "n." + c; }), sql_name(both.name),
                    same_key(both.key), sql_name(both.key.front()),
                    for_each_column(both.key, ", ", [](const std::string& c) { return "n." + c; })));
    while (!over_ && query.step()) {
        model_difference found{.kind = kind::only_new, .table = both.name};
        for (std::size_t i = 0; i < all.size(); ++i) {
            auto value = text(query, static_cast<int>(i));
            if (i < both.key.size())
                found.key.push_back({.name = all[i], .old_value = std::move(value)});
            else
                found.columns.push_back({.name = all[i], .new_value = std::move(value)});
        }
        report(found);
    }
}

// Counts how many times each row is in each. SQLite sorts in a file if it does not fit into memory.
void model_comparison::compare_whole_rows(const table& both) {
    const auto list = for_each_column(both.common, ", ", [](const std::string& c) { return c; });
    auto query = db_->prepare(fmt::format(
        "SELECT sum(more), {0} FROM (SELECT -1 AS more, {0} FROM main.{1} UNION ALL SELECT 1, {0} FROM other.{1}) "
        "GROUP BY {2} HAVING sum(more) <> 0",
        list, sql_name(both.name), for_each_column(both.common, ", ", [](const std::string& c) {
            return fmt::format("{0} COLLATE BINARY, typeof({0})", c);
        })));
    while (!over_ && query.step()) {
        const auto more = query.column_int64(0);
        model_difference found{.kind = more > 0 ? kind::only_new : kind::only_old, .table = both.name};
        for (std::size_t i = 0; i < both.common.size(); ++i) {
            auto value = text(query, static_cast<int>(1 + i));
            found.columns.push_back({.name = both.common[i]});
            (more > 0 ? found.columns.back().new_value : found.columns.back().old_value) = std::move(value);
        }
        for (auto left = std::abs(more); left > 0 && !over_; --left) report(found);
    }
}

}  // namespace stele::inline v0::detail
