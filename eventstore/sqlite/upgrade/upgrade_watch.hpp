#pragma once

#include <stele/eventstore/sqlite/detail/connection.hpp>
#include <stele/eventstore/sqlite/sqlite_store.hpp>

#include <cstdint>
#include <string>

namespace stele::inline v0::detail {

/// Tells the caller of an upgrade how far it is, and ends it if he wants. One thread.
class upgrade_watch {
public:
    /// Keeps references to both.
    upgrade_watch(const std::string& file, const sqlite_options& options) : file_(file), options_(options) {}

    /// Begins a phase and tells it, and its end when so much was done. Both throw stele::error (closed) if the upgrade
    /// is to stop, and what the caller's function throws.
    void begin(upgrade_phase phase, std::uint64_t total);
    void advance();

    /// From now on a long statement of the connection ends soon if the upgrade is to stop.
    void watch(connection& db) const;
    /// Throws stele::error (closed) if the upgrade is to stop.
    void check() const;

private:
    void tell();

    const std::string& file_;
    const sqlite_options& options_;
    upgrade_progress now_;
};

}  // namespace stele::inline v0::detail
