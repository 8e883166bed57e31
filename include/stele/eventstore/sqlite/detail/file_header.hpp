#pragma once

#include <cstdint>
#include <filesystem>

namespace stele::inline v0::detail {

/// What the first bytes of a file say about it, when they are looked at as bytes.
///
/// To ask SQLite would change the file if a writer of it was interrupted: it is recovered first. Told to look at the
/// main file alone, SQLite takes one that was interrupted in a checkpoint for damaged. What is read here is within one
/// sector of the disk, so it is whole at any instant.
struct file_header {
    enum class content : std::uint8_t {
        nothing,    ///< There is no such file, it is empty, or it cannot be read.
        unwritten,  ///< Zeros: the file was given room, and the first transaction did not end.
        sqlite,     ///< The numbers below are meaningful.
        other,      ///< Not an SQLite file.
    };

    content what = content::nothing;
    std::uint32_t application_id = 0;
    std::uint32_t user_version = 0;
    bool has_tables = false;
};

file_header read_file_header(const std::filesystem::path& file);

}  // namespace stele::inline v0::detail
