#pragma once

#include "eventstore/sqlite/upgrade/upgrade_watch.hpp"

#include <stele/eventstore/sqlite/detail/connection.hpp>
#include <stele/eventstore/uuid.hpp>

#include <cstdint>

namespace stele::inline v0::detail {

/// Writes what a store of format 1 holds, which was checked, to a file that has no tables of the library yet. Its last
/// transaction is synced by SQLite; before that, the file is good for nothing.
class conversion {
public:
    /// Keeps references to all.
    conversion(connection& old, connection& fresh, bool hash_tree, upgrade_watch& watch)
        : old_(old), fresh_(fresh), hash_tree_(hash_tree), watch_(watch) {}

    void run(std::uint64_t events);

private:
    void copy_names_and_documents();
    void convert_events();
    void index_streams();
    void index_ids();
    void hash_events();
    void finish();

    connection& old_;
    connection& fresh_;
    bool hash_tree_;  // as in sqlite_options
    upgrade_watch& watch_;
    uuid greatest_id_;  // of those in order
    std::uint64_t out_of_order_ = 0;
};

}  // namespace stele::inline v0::detail
