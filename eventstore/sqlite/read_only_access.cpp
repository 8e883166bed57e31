#include "eventstore/sqlite/read_only_access.hpp"

#include "eventstore/sqlite/files/main_file.hpp"

#include <stele/eventstore/detail/saturating_time.hpp>
#include <stele/eventstore/sqlite/detail/file_format.hpp>
#include <stele/eventstore/sqlite/detail/file_lock.hpp>
#include <stele/eventstore/sqlite/detail/own_file.hpp>

#include <fcntl.h>
#include <fmt/format.h>
#include <sqlite3.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <chrono>
#include <ctime>
#include <thread>

namespace stele::inline v0::detail {
namespace {

using std::chrono::milliseconds;
using std::chrono::steady_clock;

constexpr milliseconds pause{1};

// How long FILE-shm may be missing while the last process that writes closes the store: it is removed before the log.
constexpr milliseconds longest_close{1000};

// The times of files are those of the last tick of the kernel's clock, which is 10 ms at most.
constexpr std::int64_t two_ticks = 20'000'000;

std::optional<struct stat> status_of(const std::string& file) {
    struct stat found{};
    if (::stat(file.c_str(), &found) == 0) return found;
    if (errno == ENOENT || errno == ENOTDIR) return {};
    throw cannot_look(file, errno);
}

ino_t number_of(const std::optional<struct stat>& file) {
    return file ? file->st_ino : 0;
}

bool is_filled(const std::optional<struct stat>& file) {
    return file && file->st_size > 0;
}

// Whether SQLite may make FILE-shm, and those who write can use it then: it belongs to whom the store belongs.
bool may_make_index(const std::string& file, const struct stat& main) {
    const auto me = ::geteuid();
    const auto directory = std::filesystem::path(file).parent_path();
    return (me == 0 || me == main.st_uid) && ::faccessat(AT_FDCWD, directory.c_str(), W_OK | X_OK, AT_EACCESS) == 0;
}

// A second change within the tick of the first would not be seen.
void wait_for_next_tick(const read_view& view) {
    const auto age = [&] {
        timespec now{};
        ::clock_gettime(CLOCK_REALTIME_COARSE, &now);
        constexpr std::int64_t second = 1'000'000'000;
        const auto seconds = std::clamp<std::int64_t>(now.tv_sec - view.seconds, -2, 2);
        return seconds * second + now.tv_nsec - view.nanoseconds;
    };
    for (int i = 0; i < 100 && age() >= 0 && age() < two_ticks; ++i) std::this_thread::sleep_for(pause);
}

// From here on nobody can close the store as the last one, which removes the log. False if somebody is about to.
bool hold(connection& db) {
    sqlite3_file* file = nullptr;
    sqlite3_file_control(db.handle(), "main", SQLITE_FCNTL_FILE_POINTER, static_cast<void*>(&file));
    if (file == nullptr || file->pMethods == nullptr) return true;
    const int code = file->pMethods->xLock(file, SQLITE_LOCK_SHARED);
    if (code == SQLITE_OK) return true;
    if (kind_of(code) == error_kind::busy) return false;
    throw error(kind_of(code),
                fmt::format("{}: cannot be locked to read it: {}; check the disk", db.file(), sqlite3_errstr(code)),
                code);
}

}  // namespace

read_only_access::read_only_access(std::filesystem::path file, connection_options options)
    : read_access(std::move(file), std::move(options)), name_(this->file().string()) {
    if (inspect(this->file(), this->options()) == file_state::absent_or_empty)
        throw error(
            error_kind::io,
            fmt::format("{}: {}; sqlite_store::open_read_only makes no store; check the name, or make it with "
                        "sqlite_store::open",
                        name_, status_of(name_) ? "no store was made in this file yet" : "there is no such file"));
    first_ = look();
}

read_view read_only_access::look() {
    const auto deadline = end_of_wait(std::min<std::chrono::milliseconds>(options().busy_timeout, longest_close));
    while (true) {
        if (const auto view = look_once()) return *view;
        if (steady_clock::now() >= deadline)
            throw error(
                error_kind::io,
                fmt::format(
                    "{0}: its last writer was killed and has left the log {0}-wal, which cannot be read without "
                    "the file {0}-shm, and this process may not make that; let a program that may write the "
                    "store open and close it once, or copy {0} and {0}-wal to a directory of your own and open "
                    "the copy",
                    name_));
        std::this_thread::sleep_for(pause);
    }
}

// None if there is a log that cannot be read.
std::optional<read_view> read_only_access::look_once() const {
    const auto log = status_of(name_ + "-wal");
    const auto index = status_of(name_ + "-shm");
    const auto journal = status_of(name_ + "-journal");
    // The last: nothing that is written to it is missed by what was said about the others.
    const auto main = status_of(name_);
    if (!main || (first_ && (main->st_dev != first_->device || main->st_ino != first_->main)))
        throw error(error_kind::io,
                    fmt::format("{}: the file was moved, deleted or replaced while the store was open; open the store "
                                "again to read what is there now",
                                name_));
    read_view view{.device = main->st_dev, .main = main->st_ino, .log = number_of(log), .index = number_of(index)};
    if (is_filled(journal)) return view;  // of another program; SQLite knows what it means
    if (is_filled(log)) return index || may_make_index(name_, *main) ? std::optional{view} : std::nullopt;
    view.mode = open_mode::frozen;
    view.size = main->st_size;
    view.seconds = main->st_ctim.tv_sec;
    view.nanoseconds = main->st_ctim.tv_nsec;
    return view;
}

std::unique_ptr<connection> read_only_access::open(const read_view& view) {
    if (view.mode == open_mode::frozen) wait_for_next_tick(view);
    auto opened = std::make_unique<connection>(file(), view.mode, options());
    if (view.mode == open_mode::frozen) return opened;
    if (!hold(*opened) || look() != view) return nullptr;
    check_log(*opened, view);
    return opened;
}

void read_only_access::check_log(connection& db, const read_view& view) {
    {
        const std::lock_guard lock(mutex_);
        if (checked_ == view) return;
    }
    if (size_of(name_ + "-wal").value_or(0) > 0 && !is_noted()) {
        main_file(name_).expect_fitting_log(db);
    }
    const std::lock_guard lock(mutex_);
    checked_ = view;
}

// Whether the main file is as its last writer has noted. Between a checkpoint and its note it is not, and the lock is
// taken.
bool read_only_access::is_noted() const {
    std::optional<file_lock> lock;
    try {
        lock.emplace(name_ + "-lock");
    } catch (const error&) {
        return false;  // there is none, or it cannot be read
    }
    const main_file main(name_);
    const auto deadline = end_of_wait(options().busy_timeout);
    while (!main.is_noted(*lock)) {
        if (lock->try_lock()) {
            const bool noted = main.is_noted(*lock);
            lock->unlock();
            return noted;
        }
        if (steady_clock::now() >= deadline)
            throw error(error_kind::busy, fmt::format("{}: another process moved its log into it for the whole busy "
                                                      "timeout; try again",
                                                      name_));
        std::this_thread::sleep_for(pause);
    }
    return true;
}

}  // namespace stele::inline v0::detail
