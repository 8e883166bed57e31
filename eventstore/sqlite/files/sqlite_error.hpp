#pragma once

#include <stele/eventstore/error.hpp>

#include <string>
#include <string_view>

struct sqlite3;

namespace stele::inline v0::detail {

/// The error of a call of SQLite that has returned `code`: what was done, to which file, why it failed, and what to do.
/// `db` may be null, if there is no connection.
[[nodiscard]] error make_error(sqlite3* db, int code, const std::string& file, std::string_view doing);

}  // namespace stele::inline v0::detail
