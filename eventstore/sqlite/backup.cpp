#include "eventstore/sqlite/backup.hpp"

#include <stele/eventstore/sqlite/detail/connection.hpp>

#include <fcntl.h>
#include <fmt/format.h>
#include <sqlite3.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <memory>
#include <system_error>

namespace stele::inline v0::detail {
namespace {

// Makes a rename in the directory last beyond a power cut.
void sync_directory(const std::filesystem::path& directory) {
    const int descriptor = ::open(directory.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    const bool synced = descriptor >= 0 && ::fsync(descriptor) == 0;
    const int code = errno;
    if (descriptor >= 0) ::close(descriptor);
    if (!synced)
        throw error(error_kind::io, fmt::format("{}: cannot sync: {}", directory.string(), std::strerror(code)), code);
}

// Copies in one step, so in one read transaction: others may write meanwhile and the copy is what was there at its
// beginning. Copying in several steps would begin again after each write and never end under load.
void copy(connection& source, connection& target) {
    struct finisher {
        void operator()(sqlite3_backup* b) const noexcept { sqlite3_backup_finish(b); }
    };
    std::unique_ptr<sqlite3_backup, finisher> job(
        sqlite3_backup_init(target.handle(), "main", source.handle(), "main"));
    if (!job) throw target.last_error("backup");
    const bool done = sqlite3_backup_step(job.get(), -1) == SQLITE_DONE;
    job.reset();  // tells the connection what went wrong
    if (!done) throw target.last_error("backup");
}

void remove_partial(const std::filesystem::path& partial) noexcept {
    std::error_code ignored;
    for (const auto* const suffix : {"", "-wal", "-shm", "-journal"})
        std::filesystem::remove(partial.string() + suffix, ignored);
}

}  // namespace

void backup(const std::filesystem::path& from, const std::filesystem::path& to, const sqlite_options& options) {
    if (std::filesystem::exists(to))
        throw error(error_kind::invalid_argument,
                    fmt::format("{}: there is a file of that name already; give the backup another", to.string()));
    const std::filesystem::path partial = to.string() + ".partial";
    remove_partial(partial);
    try {
        connection source(from, open_mode::read, options.busy_timeout, options.vfs);
        connection target(partial, open_mode::create, options.busy_timeout, options.vfs);
        target.execute("PRAGMA synchronous = FULL");
        copy(source, target);
        // The copy says "WAL" in its header, so this makes the few pages of the log part of the one file.
        target.execute("PRAGMA journal_mode = DELETE");
    } catch (...) {
        remove_partial(partial);
        throw;
    }
    std::error_code failure;
    std::filesystem::rename(partial, to, failure);
    if (failure) {
        remove_partial(partial);
        throw error(error_kind::io,
                    fmt::format("{}: cannot rename to {}: {}", partial.string(), to.string(), failure.message()),
                    failure.value());
    }
    sync_directory(to.has_parent_path() ? to.parent_path() : std::filesystem::path("."));
}

}  // namespace stele::inline v0::detail
