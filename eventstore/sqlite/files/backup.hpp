#pragma once

#include "eventstore/sqlite/read_access.hpp"

#include <stele/eventstore/sqlite/connection_options.hpp>
#include <stele/eventstore/sqlite/detail/connection.hpp>

#include <filesystem>

namespace stele::inline v0::detail {

/// Copies all pages of a database to another file, as of one moment, while others may write to the first one. The copy
/// is in WAL mode if the first one is.
void copy_database(connection& source, connection& target);

/// Copies the store in `from`, which is read through `access`, to the new file `to`; see sqlite_store::backup and
/// backup_options.
void backup(read_access& access, const std::filesystem::path& from, const std::filesystem::path& to,
            const connection_options& options, bool compare_leaves);

}  // namespace stele::inline v0::detail
