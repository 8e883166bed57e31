#pragma once

#include <stele/eventstore/sqlite/detail/connection.hpp>

#include <filesystem>
#include <string>

namespace stele::inline v0::detail {

/// Marks the file of an event store, in its header: "STEL".
inline constexpr std::int64_t event_store_application_id = 0x5354454C;

/// Positions are summed up in blocks of so many; part of the file format.
inline constexpr std::int64_t positions_per_block = 1024;

/// What the file at `file` is, seen without touching it.
enum class file_state : std::uint8_t { absent_or_empty, store };

/// Looks whose file it is. Throws stele::error: format when it is not a store, or one of a newer format than ours;
/// corrupt when there is only a WAL left of it.
file_state inspect(const std::filesystem::path& file);

/// Makes the tables in an empty file, or finds them made. Throws as inspect(), and corrupt when a table is not defined
/// as the format says.
void make_schema(connection& db);

}  // namespace stele::inline v0::detail
