#pragma once

#include "eventstore/sqlite/upgrade/upgrade_watch.hpp"

#include <stele/eventstore/sqlite/detail/connection.hpp>

namespace stele::inline v0::detail {

/// Compares a store of format 1 with the file to which it was converted: each event, each entry of the indices, each
/// leaf and tile of the hash tree, each name and document, what others keep there, and the structure of the file.
/// Leaves are computed from the old events. Shares no code with the conversion but how a run of numbers is written, and
/// the hashes of an event and of a tile. Throws stele::error: io at the first difference, corrupt if the new file is
/// damaged.
void expect_same_store(connection& old, connection& fresh, upgrade_watch& watch);

/// Throws stele::error (io) unless two stores of format 1 hold the same.
void expect_same_old_store(connection& old, connection& other);

}  // namespace stele::inline v0::detail
