#pragma once

#include <array>
#include <filesystem>
#include <string_view>

namespace stele::inline v0::detail {

/// What SQLite adds to the name of a database to name the files beside it: the log, its index, and the journal of a
/// transaction that is rolled back.
inline constexpr std::array sqlite_suffixes{"-wal", "-shm", "-journal"};

/// Throws stele::error (invalid_argument) if a file of that name would belong to another database, as what SQLite or
/// the library keeps beside it. `kind` says what the name is given for: "store".
void expect_name_of_database(const std::filesystem::path& file, std::string_view kind);

}  // namespace stele::inline v0::detail
