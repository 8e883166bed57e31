#pragma once

#include <stele/eventstore/sqlite/connection_options.hpp>
#include <stele/eventstore/sqlite/sqlite_store.hpp>

#include <filesystem>

namespace stele::inline v0::detail {

/// As sqlite_store::verify(), on a connection of its own.
verify_result verify(const std::filesystem::path& file, const connection_options& connection,
                     const verify_options& options);

}  // namespace stele::inline v0::detail
