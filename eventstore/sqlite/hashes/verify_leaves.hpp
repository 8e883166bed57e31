#pragma once

#include <stele/eventstore/sqlite/detail/connection.hpp>
#include <stele/eventstore/version.hpp>

#include <functional>
#include <string>

namespace stele::inline v0::detail {

/// Takes one sentence about something that is wrong, and returns whether to go on.
using damage_report = std::function<bool(const std::string&)>;

/// Computes the leaf of each event after `after` up to `up_to` again, from its row, and compares it with the one in the
/// hash tree; in a read transaction of the caller. Reports each position that does not fit, and each tile that is
/// missing. An event whose leaf is not written yet (one of the last 255, in a file that is open or was not closed) has
/// nothing to be compared with; nor has any event in a file without a tree. Returns false if the report has ended it.
bool verify_leaves(connection& db, position after, position up_to, const damage_report& report);

/// Compares the tiles of each level with the hashes over those below, and with how many there must be. A file without a
/// tree must have no part of one.
bool verify_tiles(connection& db, const damage_report& report);

/// Both of the above, for all events: the whole tree.
void verify_tree(connection& db, const damage_report& report);

}  // namespace stele::inline v0::detail
