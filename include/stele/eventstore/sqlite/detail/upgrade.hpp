#pragma once

#include <stele/eventstore/sqlite/detail/connection.hpp>
#include <stele/eventstore/sqlite/sqlite_store.hpp>

#include <filesystem>
#include <memory>

namespace stele::inline v0::detail {

/// Upgrades a store of format 1, which has this name, to today's format; does nothing if it is none. Meanwhile nobody
/// else may have it open. The name always means a whole store: the old one, or from one instant on the new one.
///
/// Returns the old file, which is locked against everybody; null if nothing was upgraded. Keep it as long as the store
/// is open: a program of an older version that had opened the file by its name, and waited for the upgrade to end,
/// would take the log of the new file for that of the old one.
///
/// Throws stele::error: needs_upgrade if `options` say so, or if a file is in the way; busy if others have the store
/// open, or upgrade it, for the whole busy timeout; corrupt; full; io; closed if it was stopped. Whatever it throws,
/// nothing was changed.
[[nodiscard]] std::unique_ptr<connection> upgrade_if_needed(const std::filesystem::path& file,
                                                            const sqlite_options& options);

/// Removes the old file that an upgrade of the store has kept, and returns whether there was one. Throws stele::error:
/// foreign_file if it is no store of format 1, and then it is left untouched; io.
bool remove_old_format(const std::filesystem::path& file, const connection_options& options);

}  // namespace stele::inline v0::detail
