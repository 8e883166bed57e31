#pragma once

#include <cstdint>
#include <functional>
#include <set>
#include <string>
#include <string_view>

namespace stele::inline v0::detail {

/// What the SQL of a session's user is allowed to do.
enum class sql_rights : std::uint8_t {
    project,  ///< Read and write tables, but neither the runner's transaction nor its own tables.
    read,     ///< Read only.
};

/// Names of tables and views.
using table_names = std::set<std::string, std::less<>>;

/// Whether an action code of SQLite's authorizer is that of a change of the schema.
bool changes_schema(int action);

/// Why a statement is not allowed to do `action` (an action code of SQLite's authorizer, with its two arguments);
/// nullptr if it is.
const char* refusal_of(sql_rights rights, int action, std::string_view first, std::string_view second);

/// The same for an inline projection, which must touch neither the events nor the tables of other projections.
const char* refusal_of_foreign_table(const table_names& own, int action, std::string_view first,
                                     std::string_view second);

}  // namespace stele::inline v0::detail
