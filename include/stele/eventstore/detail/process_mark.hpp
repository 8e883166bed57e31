#pragma once

#include <atomic>
#include <mutex>
#include <string_view>

namespace stele::inline v0::detail {

/// How often this process and those before it were forked since the library was loaded.
extern std::atomic<unsigned> forks;

/// Remembers the process in which an object was made. A child of fork() has a copy of the object, but not the threads
/// that work for it; locks in it may be held by threads that do not exist, and what SQLite keeps in memory says that
/// the child has locks which only its parent has. So the copy must neither be used nor destroyed.
class process_mark {
public:
    process_mark() noexcept;

    /// Whether this process is a child of the one in which this was made.
    [[nodiscard]] bool is_inherited() const noexcept { return forks_ != forks.load(std::memory_order_relaxed); }

    /// Throws stele::error (closed) if it is inherited. `what` is the object: "this sqlite_store".
    void expect_own(std::string_view what) const {
        if (is_inherited()) [[unlikely]]
            refuse(what);
    }

    /// Throws stele::error (closed) that says that `what` was moved from, unless `valid`.
    static void expect_valid(bool valid, std::string_view what);

private:
    [[noreturn]] static void refuse(std::string_view what);

    unsigned forks_;
};

/// A mutex for what is shared by the whole process and still used after a fork(): in the child nobody holds it. It must
/// never be destroyed, and no other one is taken while it is held.
class process_mutex {
public:
    process_mutex();
    process_mutex(const process_mutex&) = delete;
    process_mutex& operator=(const process_mutex&) = delete;
    ~process_mutex() = default;

    void lock() { mutex_.lock(); }
    void unlock() { mutex_.unlock(); }

private:
    std::mutex mutex_;
};

}  // namespace stele::inline v0::detail
