#pragma once

#include <chrono>
#include <string>

namespace stele::inline v0 {

/// How SQLite files are opened: a store (sqlite_options::connection), and read models.
struct connection_options {
    /// How long a statement or an append waits for a lock that another connection or process holds, before it throws
    /// busy.
    std::chrono::milliseconds busy_timeout{5000};
    /// The name of a registered SQLite VFS; empty for the default one.
    std::string vfs = {};
};

}  // namespace stele::inline v0
