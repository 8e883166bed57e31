#pragma once

#include <stele/eventstore/sqlite/connection_options.hpp>

#include <cstdint>
#include <filesystem>

namespace stele::inline v0::detail {

/// What the first bytes of a file say about it.
///
/// Asking SQLite would change a file whose writer was interrupted, because it recovers the file first; and opened as
/// immutable, a file that was interrupted during a checkpoint looks damaged. The bytes read here are within one sector
/// of the disk, so they are consistent at any instant.
struct file_header {
    enum class content : std::uint8_t {
        nothing,    ///< There is no such file, or it is empty.
        unwritten,  ///< Zeros: the file was extended, but its first transaction did not finish.
        sqlite,     ///< The fields below are meaningful.
        other,      ///< Not an SQLite file.
    };

    content kind = content::nothing;
    std::uint32_t application_id = 0;
    std::uint32_t user_version = 0;
    bool has_tables = false;
};

/// Throws stele::error (invalid_argument) if there is no such VFS. Call it before anything is made.
void expect_vfs(const std::filesystem::path& file, const connection_options& options);

/// Throws stele::error that names the file: io if it cannot be read, invalid_argument if there is no such VFS.
file_header read_file_header(const std::filesystem::path& file, const connection_options& options = {});

}  // namespace stele::inline v0::detail
