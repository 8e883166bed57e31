#pragma once

#include <stele/eventstore/sqlite/detail/connection.hpp>

#include <cstdint>
#include <span>
#include <string>
#include <vector>

namespace stele::inline v0::detail {

/// What SQLite keeps about a table or an index: its name, and what it is with the statement that made it.
struct definition {
    std::string name;
    std::string text;
};

/// How SQLite stores the definitions that the statements of a format make, those of their indices among them.
[[nodiscard]] std::vector<definition> definitions_of(const char* statements);

/// Throws stele::error (corrupt) if one of them is missing in the file or not the same, to the byte: a damaged
/// definition is still SQL, a column with another name or without its constraint.
void expect_definitions(connection& db, std::span<const definition> expected, std::int64_t format);

/// Throws stele::error (corrupt) if others have added triggers or indices to tables of the library: a trigger can make
/// an insert do nothing, an index can refuse it.
void expect_nothing_added(connection& db);

}  // namespace stele::inline v0::detail
