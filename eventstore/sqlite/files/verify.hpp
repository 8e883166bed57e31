#pragma once

#include <stele/eventstore/sqlite/detail/connection.hpp>
#include <stele/eventstore/sqlite/sqlite_store.hpp>

namespace stele::inline v0::detail {

/// As sqlite_store::verify(), in a read transaction of `db`, which is in none.
verify_result verify(connection& db, const verify_options& options);

}  // namespace stele::inline v0::detail
