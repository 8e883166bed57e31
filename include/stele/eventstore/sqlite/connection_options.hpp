#pragma once

#include <chrono>
#include <string>

namespace stele::inline v0 {

/// How an SQLite file is opened: a store, or a read model.
struct connection_options {
    /// How long to wait for a lock that another connection holds before the call fails with busy.
    std::chrono::milliseconds busy_timeout{5000};
    /// The name of a registered SQLite VFS; empty for the default one.
    std::string vfs = {};
};

}  // namespace stele::inline v0
