#include "eventstore/sqlite/backup.hpp"

#include <stele/eventstore/sqlite/detail/connection.hpp>
#include <stele/eventstore/sqlite/detail/file_sync.hpp>

#include <fmt/format.h>
#include <sqlite3.h>

#include <memory>
#include <system_error>

namespace stele::inline v0::detail {
namespace {

// Copies in one step, so in one read transaction: others may write meanwhile, and the copy is the state at its start.
// Copying in several steps would start again after each write and never end under load.
void copy(connection& source, connection& target) {
    struct finisher {
        void operator()(sqlite3_backup* b) const noexcept { sqlite3_backup_finish(b); }
    };
    std::unique_ptr<sqlite3_backup, finisher> job(
        sqlite3_backup_init(target.handle(), "main", source.handle(), "main"));
    if (!job) throw target.last_error("backup");
    const bool done = sqlite3_backup_step(job.get(), -1) == SQLITE_DONE;
    job.reset();  // sets the error of the connection
    if (!done) throw target.last_error("backup");
}

void remove_partial(const std::filesystem::path& partial) noexcept {
    std::error_code ignored;
    for (const auto* const suffix : {"", "-wal", "-shm", "-journal"})
        std::filesystem::remove(partial.string() + suffix, ignored);
}

}  // namespace

void backup(const std::filesystem::path& from, const std::filesystem::path& to, const connection_options& options) {
    if (std::filesystem::exists(to))
        throw error(error_kind::invalid_argument,
                    fmt::format("{}: a file of that name exists; give the backup another name", to.string()));
    const std::filesystem::path partial = to.string() + ".partial";
    remove_partial(partial);
    try {
        connection source(from, open_mode::read, options);
        connection target(partial, open_mode::create, options);
        target.execute("PRAGMA synchronous = FULL");
        copy(source, target);
        // The copy has WAL mode in its header; this moves the few pages of the log into the one file.
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
    sync_directory(to.parent_path());
}

}  // namespace stele::inline v0::detail
