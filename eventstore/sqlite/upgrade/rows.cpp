#include "eventstore/sqlite/upgrade/rows.hpp"

#include <fmt/format.h>
#include <sqlite3.h>

#include <bit>
#include <charconv>
#include <cstdint>

namespace stele::inline v0::detail {
namespace {

bool is_same_column(const statement& left, const statement& right, int column) {
    const int type = left.column_type(column);
    if (type != right.column_type(column)) return false;
    switch (type) {
        case SQLITE_NULL: return true;
        case SQLITE_INTEGER: return left.column_int64(column) == right.column_int64(column);
        case SQLITE_FLOAT:
            return std::bit_cast<std::uint64_t>(left.column_double(column)) ==
                   std::bit_cast<std::uint64_t>(right.column_double(column));
        default: return left.column_bytes(column) == right.column_bytes(column);
    }
}

}  // namespace

void copy_rows(connection& from, connection& to, const std::string& query, const std::string& insert) {
    auto read = from.prepare(query);
    auto write = to.prepare(insert);
    const int columns = read.column_count();
    while (read.step()) {
        for (int i = 0; i < columns; ++i)
            if (const int code = sqlite3_bind_value(write.handle(), i + 1, sqlite3_column_value(read.handle(), i));
                code != SQLITE_OK)
                throw to.last_error(fmt::format("in '{}'", insert));
        write.run();
    }
}

bool is_same_row(const statement& left, const statement& right, int columns) {
    for (int i = 0; i < columns; ++i)
        if (!is_same_column(left, right, i)) return false;
    return true;
}

void expect_same_rows(connection& from, connection& to, const std::string& query, std::string_view what) {
    auto left = from.prepare(query);
    auto right = to.prepare(query);
    const int columns = left.column_count();
    if (columns != right.column_count()) differ(to, what);
    while (left.step())
        if (!right.step() || !is_same_row(left, right, columns)) differ(to, what);
    if (right.step()) differ(to, what);
}

void differ(const connection& to, std::string_view what) {
    throw error(error_kind::io,
                fmt::format("{}: {} came out different from the old file; check the disk and the memory of the "
                            "machine, then open the store again",
                            to.file(), what));
}

std::string damage_in_structure(connection& db) {
    auto check = db.prepare("PRAGMA integrity_check(1)");
    if (!check.step() || check.column_bytes(0) == "ok") return {};
    std::string found(check.column_bytes(0));
    constexpr std::string_view code_begins = "error code=";
    const auto at = found.find(code_begins);
    if (at == std::string::npos) return found;
    int code = 0;
    std::from_chars(found.data() + at + code_begins.size(), found.data() + found.size(), code);
    if (kind_of(code) == error_kind::corrupt) return found;
    throw error(kind_of(code),
                fmt::format("{}: cannot be read: {}; check the disk, then open the store again", db.file(), found),
                code);
}

std::string name_in_sql(std::string_view name) {
    std::string text = "\"";
    for (const char c : name) text += c == '"' ? std::string{"\"\""} : std::string{c};
    return text + '"';
}

}  // namespace stele::inline v0::detail
