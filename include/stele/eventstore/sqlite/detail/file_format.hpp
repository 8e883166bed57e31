#pragma once

#include <stele/eventstore/sqlite/detail/connection.hpp>

#include <array>
#include <cstdint>
#include <filesystem>
#include <string>
#include <string_view>

namespace stele::inline v0::detail {

/// Marks the file of an event store, in its header: "STEL".
inline constexpr std::int64_t event_store_application_id = 0x5354454C;

/// The tables of a store that are not named stele_…. Everything else in the file belongs to someone else.
inline constexpr std::array<std::string_view, 5> store_tables{"streams", "types", "events", "type_blocks", "documents"};

/// The number of positions in one block of `type_blocks`; part of the file format.
inline constexpr std::int64_t positions_per_block = 1024;

/// What a file is, judged without changing it.
enum class file_state : std::uint8_t { absent_or_empty, store };

/// Checks that a file may be opened as a store. Throws stele::error: foreign_file if it is not a store, newer_format if
/// a newer version wrote it, needs_upgrade if it has an earlier format, corrupt if only its WAL is left.
file_state inspect(const std::filesystem::path& file, const connection_options& options);

/// The error (needs_upgrade) of a store of an earlier format.
[[nodiscard]] error needs_upgrade(const std::string& file);

/// Throws corrupt if a table or index is not defined as the format says, or if somebody has added a trigger or an
/// index.
void expect_definitions(connection& db);

/// Throws corrupt if events are missing at the end of the log, or the last one cannot be found as others are, or the
/// indices claim to hold more.
void expect_whole_end(connection& db);

/// Checks the tables of a store, in the transaction that is open. Throws as inspect() and as the two above.
void check_tables(connection& db);

/// Creates the tables of a new store, with a new id, in the transaction that is open. `hash_tree`: as in
/// sqlite_options.
void create_tables(connection& db, bool hash_tree);

/// Creates the tables in an empty file, or checks them. Throws as check_tables().
void prepare_tables(connection& db, bool hash_tree);

}  // namespace stele::inline v0::detail
