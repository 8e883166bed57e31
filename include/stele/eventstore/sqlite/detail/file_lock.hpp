#pragma once

#include <stele/eventstore/detail/process_mark.hpp>
#include <stele/eventstore/sqlite/detail/real_file.hpp>

#include <chrono>
#include <cstddef>
#include <filesystem>
#include <string>

namespace stele::inline v0::detail {

/// Keeps the writes and checkpoints of several processes apart, by locks on a file beside the store.
///
/// SQLite has locks of its own, but before 3.51.3 a commit and a checkpoint of two connections at the same instant can
/// damage the file, and a writer that starts its next commit at once starves the others. Two bytes are locked: waiters
/// take the turnstile first, so a process that has just written queues behind them. A third byte shows who has the
/// store open. One thread at a time. A child of fork() has no part in the locks of its parent. Whoever holds the lock
/// keeps nobody out any more once the file was moved, removed or replaced, since others open the one that has the name
/// then: place() tells.
class file_lock {
public:
    /// Opens the lock file, and creates it with these rights. Throws as open_own_file().
    file_lock(const std::filesystem::path& file, std::filesystem::perms mode);
    /// Opens a lock file that exists, to read its note: its lock keeps writers out, and not others of its kind. Throws
    /// as open_own_file().
    explicit file_lock(const std::filesystem::path& file);
    ~file_lock();
    file_lock(const file_lock&) = delete;
    file_lock& operator=(const file_lock&) = delete;

    /// Throws stele::error (busy) if others hold the lock for the whole timeout.
    void lock(std::chrono::milliseconds timeout);
    /// Whether it got the lock, without waiting.
    [[nodiscard]] bool try_lock() noexcept;
    void unlock() noexcept;

    /// The file that is open. Any thread.
    [[nodiscard]] const file_identity& place() const noexcept { return place_; }

    /// Marks the store as open, until this is destroyed. SQLite has a mark of its own, but loses it when its process
    /// opens and closes the store's file by other means. False if somebody is about to close the store as the last one.
    [[nodiscard]] bool mark_open() noexcept;
    /// Whether nobody else has marked it. Call it with the lock, to write: nobody can mark it then until this is
    /// destroyed.
    [[nodiscard]] bool is_only_one() noexcept;

    /// What the last one who wrote has left for the next: a short text, empty in a new file. Call these two with the
    /// lock. The text is synced; one that cannot be stored is as good as none.
    [[nodiscard]] std::string note() const;
    void set_note(const std::string& text) noexcept;

private:
    void wait_for_both(std::chrono::steady_clock::time_point deadline);
    void wait(long byte, std::chrono::steady_clock::time_point deadline);

    static constexpr std::size_t note_bytes = 64;

    process_mark process_;
    std::string file_;
    int descriptor_;
    short type_;  // of the locks it takes
    file_identity place_;
};

}  // namespace stele::inline v0::detail
