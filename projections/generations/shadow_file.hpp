#pragma once

#include <stele/eventstore/sqlite/detail/connection.hpp>

#include <optional>
#include <string>
#include <string_view>

namespace stele::inline v0::detail {

/// What tells this run of the machine from all others; empty if the system does not say.
std::string boot_id();

/// Makes the file of a generation a shadow: it is written without syncs from now on, and says during which run of the
/// machine that began. After another one nobody knows how much of it has reached the disk.
void begin_shadow(connection& db, std::string_view boot_id);

/// The run of the machine that is noted in a shadow; nothing if the file is none.
std::optional<std::string> shadow_boot_id(connection& db);

/// Goes on with a shadow: it is written without syncs.
void resume_shadow(connection& db);

/// Brings all that was committed to the disk. Nobody else may have the file open.
void sync_file(connection& db);

/// From now on commits are as durable as those of a generation that serves. What came before must have been synced.
void end_shadow(connection& db);
/// Takes the note out of a file, in the transaction that is open if one is. No effect if it has none.
void forget_shadow(connection& db);

}  // namespace stele::inline v0::detail
