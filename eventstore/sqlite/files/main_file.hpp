#pragma once

#include <stele/eventstore/sqlite/detail/connection.hpp>
#include <stele/eventstore/sqlite/detail/file_lock.hpp>
#include <stele/eventstore/sqlite/detail/real_file.hpp>

#include <sys/types.h>

#include <chrono>
#include <cstdint>
#include <string>

namespace stele::inline v0::detail {

/// Size and time of the last change of a store's main file, as its last writer left it. They are noted in the lock
/// file. A log (FILE-wal) can only be moved into the very file for which it was written; this is how a file that was
/// put in its place, a backup for example, is recognised. One thread at a time, with the lock.
class main_file {
public:
    explicit main_file(std::string file) : file_(std::move(file)) {}

    /// Moves the log of `db` into the file after each commit that leaves 4000 pages or more in it, as SQLite does by
    /// itself after 1000: so it is known when the file changes. Must outlive `db`.
    void follow(connection& db);
    /// How many bytes of the log were in use after the last commit of that connection; 0 before.
    [[nodiscard]] std::int64_t log_bytes() const noexcept { return log_bytes_; }
    /// The log is about to be moved into the file by other means.
    void will_change() noexcept { may_have_changed_ = true; }

    /// Notes how the file is now if it may have changed, unless check_log() has failed, or another file has its name by
    /// now.
    void note(file_lock& lock) noexcept;

    /// Whether the file is as it was when this noted it last.
    [[nodiscard]] bool is_as_left() const { return noted_.size >= 0 && look() == noted_; }

    /// If there is a log, and the file is not as it was noted, reads all of both through `db`. Throws stele::error
    /// (corrupt) if they do not belong together; neither is changed then, not even when `db` is closed.
    void check_log(connection& db, const file_lock& lock);

    /// Whether the file is as it was noted. Any thread.
    [[nodiscard]] bool is_noted(const file_lock& lock) const { return text_of(look()) == lock.note(); }
    /// Reads all of file and log through `db`, which is in no transaction. Throws as above.
    void expect_fitting_log(connection& db) const;

private:
    struct state {
        std::int64_t size = -1;  // unknown
        std::int64_t seconds = 0;
        std::int64_t nanoseconds = 0;
        friend bool operator==(const state&, const state&) = default;
    };
    [[nodiscard]] state look() const;
    void committed(sqlite3* db, int pages) noexcept;
    static std::string text_of(const state& found);

    std::string file_;
    file_identity identity_{file_};
    state noted_;
    bool is_ours_ = true;
    bool may_have_changed_ = true;  // since it was noted
    std::int64_t page_bytes_ = 0;   // of a page in the log
    std::int64_t log_bytes_ = 0;
};

/// Holds the lock until the end of the scope, and notes how the main file is then.
class locked {
public:
    /// Throws as file_lock::lock().
    locked(file_lock& lock, std::chrono::milliseconds timeout, main_file& main) : lock_(lock), main_(main) {
        lock_.lock(timeout);
    }
    locked(const locked&) = delete;
    locked& operator=(const locked&) = delete;
    ~locked() {
        main_.note(lock_);
        lock_.unlock();
    }

private:
    file_lock& lock_;
    main_file& main_;
};

}  // namespace stele::inline v0::detail
