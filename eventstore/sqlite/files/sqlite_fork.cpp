// SQLite keeps a list of the files that the process has open, by device and inode, with the locks it has on each: POSIX
// locks belong to the process, so its connections share them. A child of fork() inherits the list and not the locks. A
// connection that the child opens to such a file would take locks of the list for its own and not ask the system for
// them: its parent, closing the file, would then remove the log under it.
//
// So in a child the list is left alone: its files are given other device numbers there than those that SQLite sees from
// then on. The locks that SQLite holds for an instant on what its threads share are waited for before the fork.

#include "eventstore/sqlite/files/sqlite_fork.hpp"

#include <pthread.h>
#include <sqlite3.h>
#include <sys/stat.h>

#include <array>

namespace stele::inline v0::detail {
namespace {

using stat_function = int (*)(const char*, struct stat*);
using fstat_function = int (*)(int, struct stat*);

// In the order in which SQLite takes them: the first random number looks for a VFS.
constexpr std::array shared_mutexes{SQLITE_MUTEX_STATIC_VFS1, SQLITE_MUTEX_STATIC_VFS2, SQLITE_MUTEX_STATIC_VFS3,
                                    SQLITE_MUTEX_STATIC_PRNG, SQLITE_MUTEX_STATIC_MAIN, SQLITE_MUTEX_STATIC_LRU,
                                    SQLITE_MUTEX_STATIC_PMEM, SQLITE_MUTEX_STATIC_MEM};

std::array<sqlite3_mutex*, shared_mutexes.size()> mutexes{};
sqlite3_vfs* unix_vfs = nullptr;
stat_function system_stat = nullptr;
fstat_function system_fstat = nullptr;
dev_t forks_here = 0;

// Beyond the 32 bits that devices use.
void rename_device(struct stat& found) {
    found.st_dev ^= forks_here << 40;
}

// SQLite calls stat64 and fstat64 by these types, too, so no sanitizer may compare them with the functions' own.
#if defined(__clang__)
[[clang::no_sanitize("function")]]
#endif
int stat_in_child(const char* name, struct stat* found) {
    const int code = system_stat(name, found);
    if (code == 0) rename_device(*found);
    return code;
}

#if defined(__clang__)
[[clang::no_sanitize("function")]]
#endif
int fstat_in_child(int descriptor, struct stat* found) {
    const int code = system_fstat(descriptor, found);
    if (code == 0) rename_device(*found);
    return code;
}

void before_fork() {
    for (auto* const each : mutexes) sqlite3_mutex_enter(each);
}

void after_fork() {
    for (auto* const each : mutexes) sqlite3_mutex_leave(each);
}

void after_fork_in_child() {
    after_fork();
    if (forks_here++ > 0 || system_stat == nullptr || system_fstat == nullptr) return;
    unix_vfs->xSetSystemCall(unix_vfs, "stat", reinterpret_cast<sqlite3_syscall_ptr>(&stat_in_child));
    unix_vfs->xSetSystemCall(unix_vfs, "fstat", reinterpret_cast<sqlite3_syscall_ptr>(&fstat_in_child));
}

bool watch() {
    if (sqlite3_initialize() != SQLITE_OK) return false;  // the first connection says why
    for (std::size_t i = 0; i < mutexes.size(); ++i) mutexes[i] = sqlite3_mutex_alloc(shared_mutexes[i]);
    unix_vfs = sqlite3_vfs_find("unix");
    if (unix_vfs != nullptr && unix_vfs->iVersion >= 3) {
        system_stat = reinterpret_cast<stat_function>(unix_vfs->xGetSystemCall(unix_vfs, "stat"));
        system_fstat = reinterpret_cast<fstat_function>(unix_vfs->xGetSystemCall(unix_vfs, "fstat"));
    }
    return ::pthread_atfork(&before_fork, &after_fork, &after_fork_in_child) == 0;
}

}  // namespace

void watch_forks_of_sqlite() {
    static const bool watched = watch();
    static_cast<void>(watched);
}

}  // namespace stele::inline v0::detail
