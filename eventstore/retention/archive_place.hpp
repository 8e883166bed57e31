#pragma once

#include <filesystem>

namespace stele::inline v0::detail {

/// Throws stele::error (foreign_file) if this process has the file open and it is no archive, as is the file of a store
/// of this process. It is not opened for that: closing it would release the locks that SQLite has on it.
void expect_no_store(const std::filesystem::path& file);

}  // namespace stele::inline v0::detail
