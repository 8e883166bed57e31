#include "projections/generations/diff/model_comparison.hpp"

#include "projections/sql/read_model_file.hpp"
#include "projections/sql/stable_name.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cstdint>
#include <utility>

namespace stele::inline v0::detail {
namespace {

using kind = difference_kind;
using names_list = std::vector<std::string>;

bool holds(const names_list& list, const std::string& name) {
    return std::ranges::find(list, name) != list.end();
}

}  // namespace

std::string sql_name(std::string_view name) {
    std::string text = "\"";
    for (const char c : name) text += c == '"' ? std::string{"\"\""} : std::string{c};
    return text + '"';
}

model_comparison::model_comparison(const std::filesystem::path& old_file, const std::filesystem::path& new_file,
                                   const connection_options& options) {
    summary_.old_file = file_of(old_file);
    summary_.new_file = file_of(new_file);
    auto opened = open_read_model(summary_.old_file, options);
    db_ = std::move(opened.db);
    old_view_ = opened.view;
    const auto other = open_read_model(summary_.new_file, options);
    attach(*db_, other, "other");
    new_view_ = other.view;
    db_->execute("BEGIN");  // fixes the state of each with its first read
    const auto checkpoint = [&](const char* schema) {
        const auto sql = fmt::format("SELECT checkpoint FROM {}.stele_projection", schema);
        return position{static_cast<std::uint64_t>(db_->integer(sql))};
    };
    summary_.old_checkpoint = checkpoint("main");
    summary_.new_checkpoint = checkpoint("other");
}

diff_summary model_comparison::run(const difference_visitor& each) {
    each_ = &each;
    try {
        compare_tables();
    } catch (const error&) {
        expect_unchanged();  // or else the error is of something that was never there
        throw;
    }
    expect_unchanged();
    db_->execute("COMMIT");
    return std::move(summary_);
}

void model_comparison::expect_unchanged() const {
    expect_still(old_view_, summary_.old_file.string());
    expect_still(new_view_, summary_.new_file.string());
}

void model_comparison::report(const model_difference& found) {
    expect_unchanged();
    switch (found.kind) {
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
    while (query.step()) found.emplace_back(query.column_bytes(0));
    return found;
}

names_list model_comparison::columns(const std::string& schema, const std::string& table_name, const char* which) {
    names_list found;
    auto query = db_->prepare(fmt::format("SELECT name FROM pragma_table_info(?1, ?2) {}", which));
    query.bind_text(1, table_name);
    query.bind_text(2, schema);
    while (query.step()) found.emplace_back(query.column_bytes(0));
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
            report({.kind = kind::table_only_old, .table = name});
    }
    for (const auto& name : new_tables)
        if (!over_ && !holds(old_tables, name)) report({.kind = kind::table_only_new, .table = name});
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
            report({.kind = kind::column_only_old, .table = name, .columns = {{.name = column}}});
    }
    for (const auto& column : new_columns)
        if (!over_ && !holds(old_columns, column))
            report({.kind = kind::column_only_new, .table = name, .columns = {{.name = column}}});
    if (over_ || both.common.empty()) return;

    const auto key = columns("main", name, "WHERE pk > 0 ORDER BY pk");
    if (!key_is_usable(name, key)) return compare_whole_rows(both);
    both.key = key;
    std::erase_if(both.common, [&](const std::string& column) { return holds(key, column); });
    compare_by_key(both);
    if (!over_) list_new_rows(both);
}

// Whether both have the same key, and it identifies rows: SQLite allows NULLs in it.
bool model_comparison::key_is_usable(const std::string& name, const names_list& key) {
    const auto declared = [&](const char* schema) {
        auto query = db_->prepare(
            "SELECT group_concat(name || ' ' || type) FROM (SELECT name, type FROM pragma_table_info(?1, ?2) "
            "WHERE pk > 0 ORDER BY pk)");
        query.bind_text(1, name);
        query.bind_text(2, schema);
        return query.step() ? std::string{query.column_bytes(0)} : std::string{};
    };
    if (key.empty() || declared("main") != declared("other")) return false;
    for (const auto& column : key)
        for (const auto* schema : {"main", "other"})
            if (db_->integer(fmt::format("SELECT EXISTS (SELECT 1 FROM {}.{} WHERE {} IS NULL)", schema, sql_name(name),
                                         sql_name(column))) != 0)
                return false;
    return true;
}

}  // namespace stele::inline v0::detail
