#include "eventstore/sqlite/files/disk_limits.hpp"

#include <sqlite3.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/statvfs.h>

#include <cerrno>
#include <filesystem>

namespace stele::inline v0::detail {
namespace {

// Whether a file that SQLite writes has the size that the process may not exceed (setrlimit(2)).
bool is_at_size_limit(const std::string& file) {
    rlimit limit{};
    if (::getrlimit(RLIMIT_FSIZE, &limit) != 0 || limit.rlim_cur == RLIM_INFINITY) return false;
    constexpr rlim_t largest_page = 65536;
    for (const auto* const suffix : {"", "-wal", "-journal"}) {
        struct stat found{};
        if (::stat((file + suffix).c_str(), &found) == 0 &&
            static_cast<rlim_t>(found.st_size) + largest_page > limit.rlim_cur)
            return true;
    }
    return false;
}

// Whether no file can be made where `file` is. A file system that counts no inodes says that it has none in all.
bool has_no_room(const std::string& file) {
    struct statvfs found{};
    if (::statvfs(std::filesystem::path(file).parent_path().c_str(), &found) != 0) return false;
    return found.f_bavail == 0 || (found.f_files > 0 && found.f_favail == 0);
}

bool is_of_index(int code) {
    return code == SQLITE_IOERR_SHMOPEN || code == SQLITE_IOERR_SHMSIZE || code == SQLITE_IOERR_SHMLOCK ||
           code == SQLITE_IOERR_SHMMAP;
}

bool is_of_write(int code) {
    return code == SQLITE_IOERR_WRITE || code == SQLITE_IOERR_FSYNC || code == SQLITE_IOERR_DIR_FSYNC ||
           code == SQLITE_IOERR_TRUNCATE || is_of_index(code);
}

}  // namespace

std::string_view advice_on_limit(sqlite3* db, int code, const std::string& file) {
    if (db == nullptr) return "";
    constexpr std::string_view no_room =
        "the disk has no room for another file or page; free some space, then open "
        "the file again";
    const int reason = sqlite3_system_errno(db);
    const bool is_opening = (code & 0xFF) == SQLITE_CANTOPEN;
    if (reason == ENOSPC && (is_opening || is_of_write(code))) return no_room;
    // SQLite tries once more without making the file, so its reason is that there is none.
    if (((is_opening && reason == ENOENT) || is_of_index(code)) && has_no_room(file)) return no_room;
    if (!is_opening && (code & 0xFF) != SQLITE_IOERR) return "";
    if (reason == EDQUOT) return "the disk quota is used up; free some space, then open the file again";
    if (is_opening || (reason != EFBIG && (code != SQLITE_IOERR_WRITE || !is_at_size_limit(file)))) return "";
    return "a file would exceed the size that is allowed to this process (ulimit -f) or on this file system; raise the "
           "limit, then open the file again";
}

}  // namespace stele::inline v0::detail
