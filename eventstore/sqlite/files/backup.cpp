#include "eventstore/sqlite/files/backup.hpp"

#include "eventstore/sqlite/files/file_rights.hpp"
#include "eventstore/sqlite/hashes/verify_leaves.hpp"

#include <stele/eventstore/detail/file_sync.hpp>
#include <stele/eventstore/detail/own_file.hpp>
#include <stele/eventstore/sqlite/detail/connection.hpp>
#include <stele/eventstore/sqlite/detail/database_name.hpp>
#include <stele/eventstore/uuid.hpp>

#include <fcntl.h>
#include <fmt/format.h>
#include <sqlite3.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstdio>
#include <cstring>
#include <memory>
#include <string>
#include <system_error>
#include <vector>

namespace stele::inline v0::detail {
namespace {

namespace fs = std::filesystem;

error exists_already(const fs::path& to) {
    if (what_is_there(to) == "a directory")
        return {error_kind::invalid_argument,
                fmt::format("{}: is a directory; name a file in it for the backup", to.string())};
    return {error_kind::invalid_argument,
            fmt::format("{}: a file of that name exists; it was left untouched; give the backup another name",
                        to.string())};
}

// What lies beside the name would be taken for the log or the journal of the backup.
void expect_nothing_beside(const fs::path& to) {
    for (const auto* const suffix : sqlite_suffixes) {
        auto beside = to;
        beside += suffix;
        struct stat found{};
        if (::lstat(beside.c_str(), &found) == 0)  // a name that is too long means nothing
            throw error(error_kind::invalid_argument,
                        fmt::format("{}: was left by another store of the name {}, and would be taken for a part of "
                                    "the backup; nothing was written; give the backup another name",
                                    beside.string(), to.string()));
    }
}

// The name has a limit of its own, and SQLite adds to it.
std::string name_beside(const fs::path& to) {
    constexpr std::size_t longest = 200;
    const auto name = to.filename().string().substr(0, longest);
    return (to.parent_path() / fmt::format("{}.{}.partial", name, uuid::v7().str().substr(24))).string();
}

// The file that a backup writes until it is complete. Nobody else has its name, and it is removed unless published. Its
// owner can write it until then, whatever rights it will have.
class partial_file {
public:
    partial_file(const fs::path& to, fs::perms mode) : to_(to), name_(name_beside(to)), mode_(mode) {
        for (const auto* const suffix : sqlite_suffixes) beside_.push_back(name_ + suffix);
        ::close(open_own_file(name_, own_file_use::write_new, mode | fs::perms::owner_read | fs::perms::owner_write));
    }
    partial_file(const partial_file&) = delete;
    partial_file& operator=(const partial_file&) = delete;
    ~partial_file() {
        if (!published_) ::unlink(name_.c_str());
        for (const auto& each : beside_) ::unlink(each.c_str());
    }

    [[nodiscard]] const std::string& name() const { return name_; }

    // Gives it the name of the backup, unless another file has got that in the meantime.
    void publish() {
        const auto to = to_.string();
        std::error_code refused;
        if (rights_of(name_, mode_) != mode_) fs::permissions(name_, mode_, refused);
        if (refused) fail("have the rights of the store", refused.value());
        if (::renameat2(AT_FDCWD, name_.c_str(), AT_FDCWD, to.c_str(), RENAME_NOREPLACE) == 0) {
            published_ = true;
        } else if (errno == EINVAL || errno == ENOSYS) {  // not on every file system
            if (::link(name_.c_str(), to.c_str()) != 0) fail("link it to " + to, errno);
        } else {
            fail("rename it to " + to, errno);
        }
    }

private:
    [[noreturn]] void fail(const std::string& doing, int code) const {
        if (code == EEXIST) throw exists_already(to_);
        throw error(code == ENOSPC || code == EDQUOT ? error_kind::full : error_kind::io,
                    fmt::format("{}: cannot {}: {}; the directory must exist and be writable", name_, doing,
                                std::strerror(code)),
                    code);
    }

    fs::path to_;
    std::string name_;
    std::vector<std::string> beside_;  // what SQLite may leave there; removing it must need no memory
    fs::perms mode_;
    bool published_ = false;
};

// Compares the events of the copy with their leaves, and these with the tree.
void expect_appended(connection& copy, const fs::path& from) {
    std::string damage;
    const auto report = [&](const std::string& found) {
        damage = found;
        return false;
    };
    try {
        copy.execute("BEGIN");
        verify_tree(copy, report);
        copy.execute("COMMIT");
    } catch (const error& fault) {
        if (fault.kind() != error_kind::corrupt) throw;
        damage = fault.what();
    }
    if (damage.empty()) return;
    throw error(error_kind::corrupt,
                fmt::format("{}: {}; no backup was made; restore an earlier one; to copy the store as it is, set "
                            "backup_options::compare_leaves to false",
                            from.string(), damage));
}

}  // namespace

// In one step, so in one read transaction: others may write meanwhile, and the copy is the state at its start. Copying
// in several steps would start again after each write and never end under load.
void copy_database(connection& source, connection& target) {
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

void backup(read_access& access, const fs::path& from, const fs::path& to, const connection_options& options,
            bool compare_leaves) {
    if (is_there(to)) throw exists_already(to);
    expect_directory_of(to.string());
    expect_nothing_beside(to);
    partial_file partial(to, rights_of(from, options.file_mode));
    {
        connection target(partial.name(), open_mode::write, options);
        target.execute("PRAGMA synchronous = FULL");
        access.read([&](connection& source) { copy_database(source, target); });
        // The copy has WAL mode in its header; this moves the few pages of the log into the one file.
        target.execute("PRAGMA journal_mode = DELETE");
        if (compare_leaves) expect_appended(target, from);
    }
    expect_nothing_beside(to);
    partial.publish();
    sync_directory(to.parent_path());
}

}  // namespace stele::inline v0::detail
