#include "eventstore/sqlite/read_only_access.hpp"

#include "eventstore/sqlite/files/main_file.hpp"

#include <stele/eventstore/detail/own_file.hpp>
#include <stele/eventstore/detail/saturating_time.hpp>
#include <stele/eventstore/sqlite/detail/file_format.hpp>
#include <stele/eventstore/sqlite/detail/file_lock.hpp>

#include <fmt/format.h>
#include <sys/stat.h>

#include <cerrno>
#include <chrono>
#include <thread>
#include <utility>

namespace stele::inline v0::detail {
namespace {

using std::chrono::milliseconds;
using std::chrono::steady_clock;

constexpr milliseconds pause{1};

}  // namespace

read_only_access::read_only_access(std::filesystem::path file, connection_options options)
    : read_access(std::move(file), std::move(options)), name_(this->file().string()) {
    if (inspect(this->file(), this->options()) == file_state::absent_or_empty)
        throw error(
            error_kind::io,
            fmt::format("{}: {}; sqlite_store::open_read_only makes no store; check the name, or make it with "
                        "sqlite_store::open",
                        name_, size_of(name_) ? "no store was made in this file yet" : "there is no such file"));
    first_ = look();
}

read_view read_only_access::look() {
    return view_of(name_, freeze::without_log, first_ ? &*first_ : nullptr, options().busy_timeout);
}

void read_only_access::expect_in_place() {
    auto first = *first_;
    first.mode = open_mode::read;  // only whether it is the same file
    static_cast<void>(is_still(first, name_));
}

bool read_only_access::is_replaced() const noexcept {
    struct stat found{};
    return first_ && ::stat(name_.c_str(), &found) == 0 &&
           (found.st_dev != first_->device || found.st_ino != first_->main);
}

std::unique_ptr<connection> read_only_access::open(const read_view& view) {
    if (view.mode == open_mode::frozen)
        wait_for_next_tick(view);
    else if (!mark_open())
        return nullptr;
    auto opened = std::make_unique<connection>(file(), view.mode, options());
    if (view.mode == open_mode::frozen) return opened;
    if (!hold_log(*opened) || look() != view) return nullptr;
    check_log(*opened, view);
    return opened;
}

// Shows those who close the store that the log is still read, as long as this lives. Without the right to read the lock
// file, SQLite's own locks must do. False if somebody is about to remove the log.
bool read_only_access::mark_open() {
    std::unique_ptr<file_lock> mark;
    try {
        mark = std::make_unique<file_lock>(name_ + "-lock");
    } catch (const error& fault) {
        const auto code = fault.engine_code();
        if (means_absent(code) || code == EACCES || fault.kind() == error_kind::foreign_file) return true;
        throw;
    }
    if (!mark->mark_open()) return false;
    const std::lock_guard lock(mutex_);
    mark_ = std::move(mark);  // of the file that has the name now
    return true;
}

void read_only_access::check_log(connection& db, const read_view& view) {
    {
        const std::lock_guard lock(mutex_);
        if (checked_ == view) return;
    }
    if (size_of(name_ + "-wal").value_or(0) > 0 && !is_noted()) main_file(name_).expect_fitting_log(db);
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
