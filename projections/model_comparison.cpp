#include "projections/model_comparison.hpp"

#include "projections/read_model_file.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cstdint>
#include <cstdlib>
#include <utility>

namespace stele::detail {
namespace {

using kind = model_difference::kind;
using names_list = std::vector<std::string>;

std::string sql_name(std::string_view name) {
    std::string text = "\"";
    for (const char c : name) text += c == '"' ? std::string{"\"\""} : std::string{c};
    return text + '"';
}

// "FORMAT, FORMAT" with the name of each column, as SQL.
template <class Format>
std::string for_each_column(const names_list& columns, const char* between, Format format) {
    std::string text;
    for (const auto& column : columns) text += (text.empty() ? "" : between) + format(sql_name(column));
    return text;
}

// Values are the same when their bytes are, whatever the collation of the column, and 1 is not 1.0.
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

bool holds(const names_list& list, const std::string& name) {
    return std::ranges::find(list, name) != list.end();
}

std::string text(const statement& row, int column) {
    return std::string{row.column_bytes(column)};
}

}  // namespace

model_comparison::model_comparison(const std::filesystem::path& old_file, const std::filesystem::path& new_file)
    : db_(open_read_model(old_file)) {
    open_read_model(new_file);  // says best what is wrong with the file
    summary_.old_file = old_file;
    summary_.new_file = new_file;
    const auto path = new_file.string();
    {
        auto attach = db_->prepare("ATTACH ?1 AS other");
        attach.bind_text(1, path);
        attach.run();
    }
    db_->execute("BEGIN");  // what is read first in each is what it stays
    const auto checkpoint = [&](const char* schema) {
        const auto sql = fmt::format("SELECT checkpoint FROM {}.stele_projection", schema);
        return position{static_cast<std::uint64_t>(db_->integer(sql))};
    };
    summary_.old_checkpoint = checkpoint("main");
    summary_.new_checkpoint = checkpoint("other");
}

diff_summary model_comparison::run(const difference_visitor& each) {
    each_ = &each;
    compare_tables();
    db_->execute("COMMIT");
    return std::move(summary_);
}

void model_comparison::tell(const model_difference& found) {
    switch (found.what) {
        case kind::changed: ++summary_.changed; break;
        case kind::only_old: ++summary_.only_old; break;
        case kind::only_new: ++summary_.only_new; break;
        default: ++summary_.tables_and_columns;
    }
    over_ = *each_ && !(*each_)(found);
}

names_list model_comparison::names(const std::string& sql) {
    names_list found;
    auto query = db_->prepare(sql);
    while (query.step()) found.push_back(text(query, 0));
    return found;
}

names_list model_comparison::columns(const std::string& schema, const std::string& table_name, const char* which) {
    names_list found;
    auto query = db_->prepare(fmt::format("SELECT name FROM pragma_table_info(?1, ?2) {}", which));
    query.bind_text(1, table_name);
    query.bind_text(2, schema);
    while (query.step()) found.push_back(text(query, 0));
    return found;
}

void model_comparison::compare_tables() {
    const auto tables = [&](const char* schema) {
        return names(
            fmt::format("SELECT name FROM pragma_table_list WHERE schema = '{}' AND type = 'table' AND name NOT LIKE "
                        "'sqlite\\_%' ESCAPE '\\' AND name NOT LIKE 'stele\\_%' ESCAPE '\\' ORDER BY name",
                        schema));
    };
    const auto old_tables = tables("main");
    const auto new_tables = tables("other");
    for (const auto& name : old_tables) {
        if (over_) return;
        if (holds(new_tables, name))
            compare_columns(name);
        else
            tell({.what = kind::table_only_old, .table = name});
    }
    for (const auto& name : new_tables)
        if (!over_ && !holds(old_tables, name)) tell({.what = kind::table_only_new, .table = name});
}

void model_comparison::compare_columns(const std::string& name) {
    const auto old_columns = columns("main", name, "");
    const auto new_columns = columns("other", name, "");
    table both{.name = name, .key = {}, .common = {}};
    for (const auto& column : old_columns) {
        if (over_) return;
        if (holds(new_columns, column))
            both.common.push_back(column);
        else
            tell({.what = kind::column_only_old, .table = name, .columns = {{.name = column}}});
    }
    for (const auto& column : new_columns)
        if (!over_ && !holds(old_columns, column))
            tell({.what = kind::column_only_new, .table = name, .columns = {{.name = column}}});
    if (over_ || both.common.empty()) return;

    const auto key = columns("main", name, "WHERE pk > 0 ORDER BY pk");
    if (!key_is_usable(name, key)) return compare_whole_rows(both);
    both.key = key;
    std::erase_if(both.common, [&](const std::string& column) { return holds(key, column); });
    compare_by_key(both);
    if (!over_) list_new_rows(both);
}

// Both have the same key, and it tells rows apart: SQLite lets NULLs into it.
bool model_comparison::key_is_usable(const std::string& name, const names_list& key) {
    const auto declared = [&](const char* schema) {
        auto query = db_->prepare(
            "SELECT group_concat(name || ' ' || type) FROM (SELECT name, type FROM pragma_table_info(?1, ?2) "
            "WHERE pk > 0 ORDER BY pk)");
        query.bind_text(1, name);
        query.bind_text(2, schema);
        return query.step() ? text(query, 0) : std::string{};
    };
    if (key.empty() || declared("main") != declared("other")) return false;
    for (const auto& column : key)
        for (const auto* schema : {"main", "other"})
            if (db_->integer(fmt::format("SELECT EXISTS (SELECT 1 FROM {}.{} WHERE {} IS NULL)", schema, sql_name(name),
                                         sql_name(column))) != 0)
                return false;
    return true;
}

// Rows that changed, and rows of the old one that the new one has not.
void model_comparison::compare_by_key(const table& both) {
    const auto all = joined(both.key, both.common);
    auto query = db_->prepare(fmt::format(
        "SELECT n.{0} IS NULL, {1} FROM main.{2} AS o LEFT JOIN other.{2} AS n ON {3} "
        "WHERE n.{0} IS NULL OR {4} ORDER BY {5}",
        sql_name(both.key.front()),
        for_each_column(
            all, ", ",
            [](const std::string& c) { return fmt::format("quote(o.{0}), quote(n.{0}), {1}", c, differ(c)); }),
        sql_name(both.name), same_key(both.key), for_each_column(all, " OR ", differ),
        for_each_column(both.key, ", ", [](const std::string& c) { return "o." + c; })));
    while (!over_ && query.step()) {
        const bool only_old = query.column_int64(0) != 0;
        model_difference found{.what = only_old ? kind::only_old : kind::changed, .table = both.name};
        for (std::size_t i = 0; i < all.size(); ++i) {
            const auto at = static_cast<int>(1 + 3 * i);
            model_difference::column column{all[i], text(query, at), only_old ? "" : text(query, at + 1)};
            const bool is_key = i < both.key.size();
            if (is_key) found.key.push_back({.name = column.name, .old_value = column.old_value});
            if (only_old ? !is_key : query.column_int64(at + 2) != 0) found.columns.push_back(std::move(column));
        }
        tell(found);
    }
}

void model_comparison::list_new_rows(const table& both) {
    const auto all = joined(both.key, both.common);
    auto query = db_->prepare(
        fmt::format("SELECT {0} FROM other.{1} AS n LEFT JOIN main.{1} AS o ON {2} WHERE o.{3} IS NULL ORDER BY {4}",
                    for_each_column(all, ", ", [](const std::string& c) { return fmt::format("quote(n.{})", c); }),
                    sql_name(both.name), same_key(both.key), sql_name(both.key.front()),
                    for_each_column(both.key, ", ", [](const std::string& c) { return "n." + c; })));
    while (!over_ && query.step()) {
        model_difference found{.what = kind::only_new, .table = both.name};
        for (std::size_t i = 0; i < all.size(); ++i) {
            auto value = text(query, static_cast<int>(i));
            if (i < both.key.size())
                found.key.push_back({.name = all[i], .old_value = std::move(value)});
            else
                found.columns.push_back({.name = all[i], .new_value = std::move(value)});
        }
        tell(found);
    }
}

// How often a row is in each. What does not fit into memory SQLite sorts in a file.
void model_comparison::compare_whole_rows(const table& both) {
    const auto list = for_each_column(both.common, ", ", [](const std::string& c) { return c; });
    auto query = db_->prepare(fmt::format(
        "SELECT sum(more), {0} FROM (SELECT -1 AS more, {1} FROM main.{2} UNION ALL SELECT 1, {1} FROM other.{2}) "
        "GROUP BY {3} HAVING sum(more) <> 0",
        for_each_column(both.common, ", ", [](const std::string& c) { return "quote(" + c + ")"; }), list,
        sql_name(both.name), for_each_column(both.common, ", ", [](const std::string& c) {
            return fmt::format("{0} COLLATE BINARY, typeof({0})", c);
        })));
    while (!over_ && query.step()) {
        const auto more = query.column_int64(0);
        model_difference found{.what = more > 0 ? kind::only_new : kind::only_old, .table = both.name};
        for (std::size_t i = 0; i < both.common.size(); ++i) {
            auto value = text(query, static_cast<int>(1 + i));
            found.columns.push_back({.name = both.common[i]});
            (more > 0 ? found.columns.back().new_value : found.columns.back().old_value) = std::move(value);
        }
        for (auto left = std::abs(more); left > 0 && !over_; --left) tell(found);
    }
}

}  // namespace stele::detail
