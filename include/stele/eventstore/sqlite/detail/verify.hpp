#pragma once

#include <stele/eventstore/sqlite/detail/connection.hpp>
#include <stele/eventstore/sqlite/sqlite_store.hpp>

#include <span>

namespace stele::inline v0::detail {

/// As sqlite_store::verify(), in a read transaction of `db`, which is in none.
verify_result verify(connection& db, const verify_options& options);

/// What verify() compares, beside the definitions, the structure and the names: SQL statements, each of which gives one
/// row with one sentence for each thing that is wrong.
std::span<const char* const> checks_of_tables() noexcept;
/// Adds to a connection what these statements use.
void prepare_checks(connection& db);
/// Those for a file that has inline projections.
std::span<const char* const> checks_of_inline_tables() noexcept;

}  // namespace stele::inline v0::detail
