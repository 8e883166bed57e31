#pragma once

#include "eventstore/sqlite/read_access.hpp"

#include <stele/eventstore/sqlite/connection_options.hpp>

#include <filesystem>

namespace stele::inline v0::detail {

/// Copies the store in `from`, which is read through `access`, to the new file `to`; see sqlite_store::backup.
void backup(read_access& access, const std::filesystem::path& from, const std::filesystem::path& to,
            const connection_options& options);

}  // namespace stele::inline v0::detail
