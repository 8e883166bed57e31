#pragma once

#include <stele/eventstore/sqlite/detail/connection.hpp>

#include <cstdint>
#include <span>

namespace stele::inline v0::detail {

/// Adds the table-valued function `stele_positions(list)` to a connection: one row for each number of a list, in its
/// order, with the columns `position` (the number) and `ordinal` (0, 1, 2 …). The list is bound with bind_positions(),
/// or is a run (runs.hpp) from a table. So one statement can fetch events whose positions are known:
/// "FROM stele_positions(?1) AS p CROSS JOIN events AS e ON e.position = p.position".
/// With stele_positions(run, n) so many bytes stand behind each number of the run: the column `behind`.
void add_positions_table(connection& db);

/// Binds a list, which must neither move nor change until the statement is reset.
void bind_positions(statement& query, int parameter, const std::span<const std::int64_t>& positions);

}  // namespace stele::inline v0::detail
