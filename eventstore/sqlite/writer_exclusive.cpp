// What the writer does while no group of appends is committed: transactions of their own, giving the space of removed
// events back to the disk, and completing the file before it is closed.

#include "eventstore/sqlite/writer.hpp"

#include <stele/eventstore/detail/own_file.hpp>
#include <stele/eventstore/sqlite/detail/read_view.hpp>

#include <fmt/format.h>
#include <sqlite3.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cstdlib>
#include <filesystem>
#include <functional>
#include <string>
#include <system_error>
#include <utility>

namespace stele::inline v0::detail {
namespace {

// As SQLite chooses it (unixTempFileDir).
std::string temporary_directory() {
    const char* const candidates[] = {
        sqlite3_temp_directory, std::getenv("SQLITE_TMPDIR"), std::getenv("TMPDIR"), "/var/tmp", "/usr/tmp", "/tmp"};
    for (const char* const each : candidates) {
        struct stat found{};
        if (each != nullptr && ::stat(each, &found) == 0 && S_ISDIR(found.st_mode) && ::access(each, W_OK | X_OK) == 0)
            return each;
    }
    return ".";
}

// When the log was written last; nothing if that is unknown, for example in a VFS that keeps it elsewhere.
std::optional<read_view> state_of_log(const std::string& file) {
    struct stat found{};
    if (::stat((file + "-wal").c_str(), &found) != 0) return {};
    return read_view{.device = found.st_dev,
                     .log = found.st_ino,
                     .size = found.st_size,
                     .seconds = found.st_ctim.tv_sec,
                     .nanoseconds = found.st_ctim.tv_nsec};
}

// Whether a VACUUM that has written nothing to the log has failed for its temporary file. The store's own files are
// open already, so what cannot be opened is that one. Its room is free again by now.
bool is_of_copy(const error& fault, const std::string& file) {
    if (fault.engine_code() == SQLITE_IOERR_GETTEMPPATH || (fault.engine_code() & 0xFF) == SQLITE_CANTOPEN) return true;
    if (fault.engine_code() != SQLITE_FULL) return false;
    std::error_code unknown;
    const auto room = std::filesystem::space(temporary_directory(), unknown);
    return !unknown && room.available < size_of(file).value_or(0) + size_of(file + "-wal").value_or(0);
}

}  // namespace

void writer::alone(const std::function<void()>& work) {
    check_open();
    const locked here(lock_, busy_timeout_, main_);
    try {
        check_files();
        begin();
        refresh();
        work();
        commit_.run();
        expect_log_kept();
    } catch (const error& fault) {
        note_fault(fault);
        roll_back();
        throw;
    } catch (...) {
        roll_back();
        throw;
    }
}

void writer::transact(event_store& store, const append_host::transaction& work) {
    auto participant = participant_;
    alone([&] {
        handling_ = true;
        work(store, db_, participant);
        handling_ = false;
    });
    participant_ = std::move(participant);
    is_joined_ = false;
}

void writer::compact() {
    check_open();
    const locked here(lock_, busy_timeout_, main_);
    std::optional<error> no_copy;
    try {
        check_files();
        no_copy = vacuum();
        main_.will_change();
        if (!no_copy) db_.execute("PRAGMA wal_checkpoint(TRUNCATE)");
        check_files();
    } catch (const error& fault) {
        note_fault(fault);
        throw;
    }
    if (no_copy) throw *no_copy;
}

// VACUUM makes a copy in a temporary file, and then writes that to the log. Returns the error if there was no room for
// the copy: then nothing has happened to the store.
std::optional<error> writer::vacuum() {
    const auto before = state_of_log(db_.file());
    if (before) wait_for_next_tick(*before);
    db_.execute("PRAGMA temp_store = FILE");  // it is as large as the store
    std::optional<error> fault;
    if (db_.try_execute("VACUUM") != SQLITE_OK) fault = db_.last_error("compact");
    db_.execute("PRAGMA temp_store = MEMORY");
    if (!fault) return {};
    if (!before || state_of_log(db_.file()) != before || !is_of_copy(*fault, db_.file())) throw *fault;
    return error(fault->kind(),
                 fmt::format("{}; nothing was changed, and the store remains open; compacting needs room for a copy of "
                             "the store in {}, where SQLite puts temporary files (set SQLITE_TMPDIR to use another "
                             "directory), and as much beside the store",
                             fault->what(), temporary_directory()),
                 fault->engine_code());
}

// Before the file is closed: what is not merged must be read when it is opened, and events whose leaves are not written
// could be changed unnoticed.
void writer::complete_file() {
    constexpr std::int64_t read_quickly = 4096;
    if (refuses_ || (index_.unmerged() <= read_quickly && !tree_.has_unwritten())) return;
    try {
        begin();
        refresh();
        tree_.begin(static_cast<std::uint64_t>(index_.head()));
        if (index_.unmerged() > read_quickly) index_.merge_all();
        tree_.write_all();
        commit_.run();
    } catch (...) {
    }  // it is done another time
    roll_back();
}

}  // namespace stele::inline v0::detail
