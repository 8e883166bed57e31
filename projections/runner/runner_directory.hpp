#pragma once

#include <stele/eventstore/sqlite/detail/file_lock.hpp>

#include <filesystem>

namespace stele::inline v0::detail {

/// Makes the directory for read models if it does not exist, and returns its real name. Throws stele::error (io).
std::filesystem::path make_runner_directory(const std::filesystem::path& directory, std::filesystem::perms mode);

/// Takes the lock of the one runner that may write in the directory. Throws stele::error (busy) if another has it.
void lock_runner_directory(file_lock& lock, const std::filesystem::path& directory);

}  // namespace stele::inline v0::detail
