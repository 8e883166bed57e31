#pragma once

#include <stele/eventstore/sqlite/detail/file_lock.hpp>

#include <filesystem>

namespace stele::inline v0::detail {

/// The directory for the read models of a runner, and the lock of the one runner that may write in it.
class runner_directory {
public:
    /// Makes the directory if it does not exist, and takes the lock. Throws stele::error: io; busy if another runner
    /// has it.
    runner_directory(const std::filesystem::path& directory, std::filesystem::perms mode);

    /// Its real name.
    [[nodiscard]] const std::filesystem::path& path() const noexcept { return path_; }

    /// Throws stele::error (io) if the file of the lock is not in its place any more: another runner may have taken a
    /// new one since. Call it before anything is written. Any thread.
    void expect_locked() const;

private:
    std::filesystem::path path_;
    file_lock lock_;
};

}  // namespace stele::inline v0::detail
