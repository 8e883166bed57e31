#pragma once

#include <string>
#include <string_view>

struct sqlite3;

namespace stele::inline v0::detail {

/// SQLite tells a full disk from other faults of a write, but not where a file cannot be made, nor the limits that
/// there are besides. What to do about the one that is behind the (extended) result code `code`; empty if it is none.
std::string_view advice_on_limit(sqlite3* db, int code, const std::string& file);

}  // namespace stele::inline v0::detail
