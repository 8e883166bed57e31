#pragma once

#include <string>

namespace stele::inline v0::detail {

/// Throws stele::error (io) if this process may not write the database of that name or a file that lies beside it
/// (FILE-wal, FILE-shm, FILE-journal, FILE-lock). The message says whose that file is and what to do. Files that do not
/// exist may be written. Ask before anything is opened: whoever may only read the database would make files beside it
/// that its owner cannot write.
void expect_writable(const std::string& file);

/// Why this process may not write the database of that name, and what to do; empty if it may.
[[nodiscard]] std::string advice_on_read_only(const std::string& file);

/// Throws stele::error (io) if there is no directory for a file of that name.
void expect_directory_of(const std::string& file);

/// Gives FILE-lock, FILE-wal and FILE-shm the group of the database, and as the superuser its owner, if this process
/// has made them: otherwise those who may write the database might not be able to write them. Does what it can.
void share_with_owner(const std::string& file) noexcept;

}  // namespace stele::inline v0::detail
