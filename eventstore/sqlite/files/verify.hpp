#pragma once

#include "eventstore/sqlite/read_access.hpp"

#include <stele/eventstore/sqlite/sqlite_store.hpp>

namespace stele::inline v0::detail {

/// As sqlite_store::verify(), on a connection of its own.
verify_result verify(read_access& access, const verify_options& options);

}  // namespace stele::inline v0::detail
