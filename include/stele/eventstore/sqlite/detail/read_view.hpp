#pragma once

#include <stele/eventstore/sqlite/connection_options.hpp>
#include <stele/eventstore/sqlite/detail/connection.hpp>

#include <sys/types.h>

#include <chrono>
#include <cstdint>
#include <filesystem>
#include <functional>
#include <memory>
#include <string>
#include <string_view>

namespace stele::inline v0::detail {

/// How the files of a database in WAL mode are read, and which files they are. A connection that reads them frozen is
/// used as long as the view is the same.
struct read_view {
    open_mode mode = open_mode::read;
    // Known only to who does not write; 0 means that there is no such file.
    dev_t device = 0;
    ino_t main = 0;
    ino_t log = 0;
    ino_t index = 0;  // FILE-shm
    // Of the main file, if it is read frozen: its size and the time of its last change in any way.
    std::int64_t size = 0;
    std::int64_t seconds = 0;
    std::int64_t nanoseconds = 0;

    friend bool operator==(const read_view&, const read_view&) = default;
};

/// When a file is read frozen, as one that does not change: without its log, and with no locks. Whoever reads it so
/// must look again afterwards. Nothing gets into the main file but by the log, and each write to it changes its times.
enum class freeze : std::uint8_t {
    without_log,  ///< Whenever nothing is in the log.
    if_needed,  ///< Then only where SQLite could not make the log and FILE-shm, or those who write could not use them.
};

/// How the file is read now. `known` is null, or an earlier view of it. Waits for the last process that writes to
/// finish closing it. Throws stele::error (io) if the name means another file than in `known`, or none, or if there is
/// a log that cannot be read without writing.
[[nodiscard]] read_view view_of(const std::string& file, freeze when, const read_view* known,
                                std::chrono::milliseconds timeout);

/// Calls `attempt` with how the file is read now, which `look` tells, until it returns true. Throws stele::error (busy)
/// if that takes longer than the timeout.
void repeat_reading(const std::string& file, std::chrono::milliseconds timeout, const std::function<read_view()>& look,
                    const std::function<bool(const read_view&)>& attempt);

/// Calls `read` and returns whether what it has read under `view` counts, as `look` tells. Its exceptions pass through
/// if so.
[[nodiscard]] bool settle(const read_view& view, const std::function<read_view()>& look,
                          const std::function<void()>& read);

/// Call it before a file is opened frozen: a second change within the tick of the first would not be seen.
void wait_for_next_tick(const read_view& view);

/// From here on nobody can close the file of that schema as the last one, which removes the log. False if somebody is
/// about to.
[[nodiscard]] bool hold_log(connection& db, const char* schema = "main");

/// The name by which SQLite opens, or attaches, an absolute name in this way.
[[nodiscard]] std::string sqlite_name(open_mode mode, const std::string& file);

/// A file that is open to be read, by who may not write it or must not: no file is made that those who write could not
/// use.
struct read_file {
    std::unique_ptr<connection> db;
    read_view view;  // unknown in a VFS of its own
};
/// Throws stele::error: as view_of() and connection; busy if others open and close it for the whole busy timeout.
[[nodiscard]] read_file open_to_read(const std::filesystem::path& file, const connection_options& options);

/// Calls `use` with a connection that is opened so, again until what it has read counts. Throws as open_to_read().
void read_with(const std::filesystem::path& file, const connection_options& options,
               const std::function<void(connection&)>& use);

/// Attaches a file that is open to be read to another connection, which reads it in the same way from then on.
void attach(connection& to, const read_file& opened, const std::string& schema);

/// Whether what was read from the file under that view counts. Throws stele::error (io) as view_of().
[[nodiscard]] bool is_still(const read_view& view, const std::string& file);

/// Throws stele::error: busy if what was read from a file that is read frozen does not count; io as view_of().
void expect_still(const read_view& view, const std::string& file);

}  // namespace stele::inline v0::detail
