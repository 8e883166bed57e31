#pragma once

#include <stele/eventstore/detail/own_file.hpp>

#include <filesystem>

namespace stele::inline v0::detail {

/// Opens an archive, or makes one, as open_own_file() does, and returns its descriptor, which the caller closes. Throws
/// foreign_file also if this process has the file open and it is no archive, as is the file of a store: that is not
/// opened, because closing it would release the locks that SQLite has on it.
[[nodiscard]] int open_archive_file(const std::filesystem::path& file, own_file_use use,
                                    std::filesystem::perms mode = std::filesystem::perms::none);

}  // namespace stele::inline v0::detail
