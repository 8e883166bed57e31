#pragma once

#include <stele/eventstore/sqlite/detail/connection.hpp>

#include <optional>
#include <string>
#include <string_view>

namespace stele::inline v0::detail {

/// Makes the file of a generation a shadow: it is written without syncs from now on, and records the run of the machine
/// in which that began. In a later run nobody knows how much of it has reached the disk.
void begin_shadow(connection& db, std::string_view boot_id);

/// The run of the machine that is recorded in a shadow; nothing if the file is not one.
std::optional<std::string> shadow_boot_id(connection& db);

/// Continues with a shadow: it is written without syncs.
void resume_shadow(connection& db);

/// Syncs everything that was committed. Nothing else may have the file open.
void sync_file(connection& db);

/// Makes commits as durable as those of a serving generation. Everything before must have been synced.
void end_shadow(connection& db);
/// Removes the record of the shadow, within the open transaction if there is one. No effect if there is none.
void forget_shadow(connection& db);

}  // namespace stele::inline v0::detail
