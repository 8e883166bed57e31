#pragma once

#include <stele/eventstore/sqlite/detail/connection.hpp>

#include <string>
#include <string_view>

namespace stele::inline v0::detail {

/// Inserts each row that a query gives into another file: `insert` has a parameter for each of its columns.
void copy_rows(connection& from, connection& to, const std::string& query, const std::string& insert);

/// Whether these columns of the rows at which two statements stand are the same: type and bytes.
[[nodiscard]] bool is_same_row(const statement& left, const statement& right, int columns);

/// Throws stele::error (io) that names `what` unless a query gives the same rows in both files.
void expect_same_rows(connection& from, connection& to, const std::string& query, std::string_view what);

/// Throws stele::error (io): the new file is not what the old one says.
[[noreturn]] void differ(const connection& to, std::string_view what);

/// The first thing that is wrong with the structure of a file, as SQLite's integrity_check says; empty if nothing is.
/// Throws stele::error where it cannot be read, which that check reports like damage.
[[nodiscard]] std::string damage_in_structure(connection& db);

/// A name in SQL.
[[nodiscard]] std::string name_in_sql(std::string_view name);

}  // namespace stele::inline v0::detail
