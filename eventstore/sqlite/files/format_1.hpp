#pragma once

#include <stele/eventstore/sqlite/detail/connection.hpp>

#include <array>
#include <filesystem>
#include <span>
#include <string_view>

namespace stele::inline v0::detail {

/// The tables of format 1. All but `events` are the same in format 2.
inline constexpr std::array<std::string_view, 5> tables_of_format_1{"streams", "types", "events", "type_blocks",
                                                                    "documents"};

/// Whether the file is a store of format 1, as its first bytes say. Throws as read_file_header().
[[nodiscard]] bool is_format_1(const std::filesystem::path& file, const connection_options& options);

/// Throws stele::error (corrupt) if the definitions are not those of format 1, or if somebody has added a trigger or an
/// index.
void expect_definitions_of_format_1(connection& db);

/// What format 1 says twice, as checks_of_tables() of verify.hpp: SQL statements, each of which gives one row with one
/// sentence for each thing that is wrong.
std::span<const char* const> checks_of_format_1() noexcept;

}  // namespace stele::inline v0::detail
