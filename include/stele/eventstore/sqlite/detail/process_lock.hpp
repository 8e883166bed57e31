#pragma once

#include <chrono>
#include <filesystem>
#include <string>

namespace stele::inline v0::detail {

/// Keeps the writes and checkpoints of several processes apart, by locks on a file beside the store.
///
/// SQLite has locks of its own, but before 3.51.3 a commit and a checkpoint of two connections at the same instant can
/// damage the file, and a writer that returns at once for the next commit starves the others. Two bytes are locked:
/// whoever waits holds the turnstile, so the one that has just written queues behind it. Not for several threads.
class process_lock {
public:
    /// Opens (and makes) the lock file. Throws stele::error (io) that names it.
    explicit process_lock(const std::filesystem::path& file);
    ~process_lock();
    process_lock(const process_lock&) = delete;
    process_lock& operator=(const process_lock&) = delete;

    /// Throws stele::error (busy) when others hold the lock for the whole timeout.
    void lock(std::chrono::milliseconds timeout);
    void unlock() noexcept;

private:
    void wait(long byte, std::chrono::steady_clock::time_point deadline);

    std::string file_;
    int descriptor_;
};

}  // namespace stele::inline v0::detail
