#pragma once

#include <stele/eventstore/detail/saturating_time.hpp>

#include <chrono>
#include <filesystem>
#include <string>

namespace stele::inline v0 {

/// How SQLite files are opened: a store (sqlite_options::connection), and read models.
struct connection_options {
    /// How long a statement or an append waits for a lock that another connection or process holds, before it throws
    /// busy. In any unit; 0 or less: it does not wait.
    detail::saturated<std::chrono::milliseconds> busy_timeout = std::chrono::milliseconds{5000};
    /// The name of a registered SQLite VFS; empty for the default one.
    std::string vfs = {};
    /// The rights of files that are made, exactly: the umask takes none away. By default only the owner may read and
    /// write them. A file that exists keeps its rights, and the files that belong to it (its log and lock, a backup of
    /// it) have the same. Directories that are made have them too, with the right to enter for all who may read. In
    /// another VFS than the default one, the VFS decides the rights of the main file.
    std::filesystem::perms file_mode = std::filesystem::perms::owner_read | std::filesystem::perms::owner_write;
};

}  // namespace stele::inline v0
