#pragma once

#include <filesystem>

namespace stele::inline v0::detail {

/// Syncs a directory, so that files created, renamed or removed in it stay so after a power cut. An empty path is the
/// current directory. Throws stele::error (io) that names it.
void sync_directory(const std::filesystem::path& directory);

}  // namespace stele::inline v0::detail
