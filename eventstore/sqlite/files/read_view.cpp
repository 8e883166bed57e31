#include "eventstore/files/file_age.hpp"

#include <stele/eventstore/detail/own_file.hpp>
#include <stele/eventstore/detail/saturating_time.hpp>
#include <stele/eventstore/sqlite/detail/read_view.hpp>
#include <stele/eventstore/sqlite/detail/real_file.hpp>

#include <fcntl.h>
#include <fmt/format.h>
#include <sqlite3.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <optional>
#include <thread>

namespace stele::inline v0::detail {
namespace {

using std::chrono::milliseconds;
using std::chrono::steady_clock;

constexpr milliseconds pause{1};
constexpr int attempts_at_once = 3;

// How long FILE-shm may be missing while the last process that writes closes the store: it is removed before the log.
constexpr milliseconds longest_close{1000};

std::optional<struct stat> status_of(const std::string& file) {
    struct stat found{};
    if (::stat(file.c_str(), &found) == 0) return found;
    if (means_absent(errno)) return {};
    throw cannot_look(file, errno);
}

ino_t number_of(const std::optional<seen_file>& file) {
    return file ? file->identity.second : 0;
}

bool is_filled(const std::optional<seen_file>& file) {
    return file && file->size > 0;
}

// Whether SQLite may make FILE-shm, and those who write can use it then: it belongs to whom the store belongs.
bool may_make_index(const std::string& file, const struct stat& main) {
    const auto me = ::geteuid();
    const auto directory = std::filesystem::path(file).parent_path();
    return (me == 0 || me == main.st_uid) && ::faccessat(AT_FDCWD, directory.c_str(), W_OK | X_OK, AT_EACCESS) == 0;
}

error moved(const std::string& file) {
    return {error_kind::io,
            fmt::format("{}: the file was moved, deleted or replaced while it was open; open it again to "
                        "read what is there now",
                        file)};
}

void expect_same(const std::string& file, const std::optional<struct stat>& now, const read_view* known) {
    if (!now || (known != nullptr && (now->st_dev != known->device || now->st_ino != known->main))) throw moved(file);
}

// None if there is a log that cannot be read.
std::optional<read_view> look_once(const std::string& file, freeze when, const read_view* known) {
    const auto log = look_at(file + "-wal");
    const auto index = look_at(file + "-shm");
    const auto journal = look_at(file + "-journal");
    // The last: nothing that is written to it is missed by what was said about the others.
    const auto main = status_of(file);
    expect_same(file, main, known);
    read_view view{.device = main->st_dev, .main = main->st_ino, .log = number_of(log), .index = number_of(index)};
    if (is_filled(journal)) return view;  // of another program; SQLite knows what it means
    if (is_filled(log)) return index || may_make_index(file, *main) ? std::optional{view} : std::nullopt;
    if (when == freeze::if_needed && may_make_index(file, *main)) return view;
    view.mode = open_mode::frozen;
    view.size = main->st_size;
    view.seconds = main->st_ctim.tv_sec;
    view.nanoseconds = main->st_ctim.tv_nsec;
    return view;
}

}  // namespace

read_view view_of(const std::string& file, freeze when, const read_view* known, milliseconds timeout) {
    const auto deadline = end_of_wait(std::min(timeout, longest_close));
    while (true) {
        if (const auto view = look_once(file, when, known)) return *view;
        if (steady_clock::now() >= deadline)
            throw error(
                error_kind::io,
                fmt::format(
                    "{0}: its last writer was killed and has left the log {0}-wal, which cannot be read without "
                    "the file {0}-shm, and this process may not make that; let a program that may write it "
                    "open and close it once, or copy {0} and {0}-wal to a directory of your own and open the "
                    "copy",
                    file));
        std::this_thread::sleep_for(pause);
    }
}

void wait_for_next_tick(const read_view& view) {
    const auto age = [&] { return age_of(view.seconds, view.nanoseconds); };
    for (int i = 0; i < 100 && age() >= 0 && age() < two_ticks; ++i) std::this_thread::sleep_for(pause);
}

bool hold_log(connection& db, const char* schema) {
    sqlite3_file* file = nullptr;
    sqlite3_file_control(db.handle(), schema, SQLITE_FCNTL_FILE_POINTER, static_cast<void*>(&file));
    if (file == nullptr || file->pMethods == nullptr) return true;
    const int code = file->pMethods->xLock(file, SQLITE_LOCK_SHARED);
    if (code == SQLITE_OK) return true;
    if (kind_of(code) == error_kind::busy) return false;
    throw error(kind_of(code),
                fmt::format("{}: cannot be locked to read it: {}; check the disk", db.file(), sqlite3_errstr(code)),
                code);
}

void repeat_reading(const std::string& file, milliseconds timeout, const std::function<read_view()>& look,
                    const std::function<bool(const read_view&)>& attempt) {
    const auto deadline = end_of_wait(timeout);
    for (int done = 1; !attempt(look()); ++done) {
        if (done < attempts_at_once) continue;
        if (steady_clock::now() >= deadline)
            throw error(error_kind::busy, fmt::format("{}: others opened and closed it again and again while it was to "
                                                      "be read, for the whole busy timeout; try again",
                                                      file));
        std::this_thread::sleep_for(pause);
    }
}

bool settle(const read_view& view, const std::function<read_view()>& look, const std::function<void()>& read) {
    if (view.mode != open_mode::frozen) {
        read();
        return true;
    }
    try {
        read();
    } catch (const error&) {
        if (look() == view) throw;
        return false;
    }
    return look() == view;
}

namespace {

// None if the view has changed.
std::unique_ptr<connection> try_open(const std::filesystem::path& file, const read_view& view,
                                     const std::function<read_view()>& look, const connection_options& options) {
    if (view.mode == open_mode::frozen) wait_for_next_tick(view);
    auto db = std::make_unique<connection>(file, view.mode, options);
    if ((view.mode != open_mode::frozen && !hold_log(*db)) || look() != view) return nullptr;
    return db;
}

std::function<read_view()> look_at(const std::string& file, const connection_options& options) {
    // In a VFS of its own nothing is known, and nothing changes.
    if (!options.vfs.empty()) return [] { return read_view{}; };
    return [file, timeout = options.busy_timeout] { return view_of(file, freeze::if_needed, nullptr, timeout); };
}

}  // namespace

read_file open_to_read(const std::filesystem::path& file, const connection_options& options) {
    const auto look = look_at(file.string(), options);
    read_file opened;
    repeat_reading(file.string(), options.busy_timeout, look, [&](const read_view& view) {
        opened = {try_open(file, view, look, options), view};
        return opened.db != nullptr;
    });
    return opened;
}

void read_with(const std::filesystem::path& file, const connection_options& options,
               const std::function<void(connection&)>& use) {
    const auto look = look_at(file.string(), options);
    repeat_reading(file.string(), options.busy_timeout, look, [&](const read_view& view) {
        const auto db = try_open(file, view, look, options);
        return db && settle(view, look, [&] { use(*db); });
    });
}

void attach(connection& to, const read_file& opened, const std::string& schema) {
    const auto name = sqlite_name(opened.view.mode, opened.db->file());
    auto statement = to.prepare(fmt::format("ATTACH ?1 AS {}", schema));
    statement.bind_text(1, name);
    statement.run();
    if (opened.view.mode == open_mode::read && opened.view.main != 0)
        static_cast<void>(hold_log(to, schema.c_str()));  // `opened` holds it until then
}

bool is_still(const read_view& view, const std::string& file) {
    if (view.main == 0) return true;
    if (view.mode == open_mode::frozen) return look_once(file, freeze::if_needed, &view) == view;
    expect_same(file, status_of(file), &view);
    return true;
}

void expect_still(const read_view& view, const std::string& file) {
    if (view.mode != open_mode::frozen || is_still(view, file)) return;
    throw error(error_kind::busy, fmt::format("{}: its writer has opened it while rows were read from it; end the "
                                              "transaction, if there is one, and ask again",
                                              file));
}

}  // namespace stele::inline v0::detail
