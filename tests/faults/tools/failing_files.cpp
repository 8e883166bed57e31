// The functions of the C library that ask for a file by its name, or make one durable. The programs that link this call
// these instead, and so do the shared libraries that they load, SQLite and the standard library among them.

#include "faults/tools/failing_calls.hpp"

#include <dirent.h>
#include <dlfcn.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstdarg>
#include <cstdlib>

namespace {

template <class Function>
Function* next(const char* name) {
    return reinterpret_cast<Function*>(::dlsym(RTLD_NEXT, name));
}

/// Calls the function of the C library, or fails as it would.
template <class Function, class Result, class... Arguments>
Result call(Function* real, Result failed, Arguments... arguments) {
    if (const int code = failing_calls::file_fault(); code != 0) {
        errno = code;
        return failed;
    }
    return real(arguments...);
}

mode_t mode_in(int flags, std::va_list rest) {
    return (flags & (O_CREAT | O_TMPFILE)) != 0 ? static_cast<mode_t>(va_arg(rest, unsigned)) : 0;
}

}  // namespace

// STELE_REPLACE(result, failed, name, (parameters), arguments…)
// NOLINTBEGIN(bugprone-macro-parentheses): these are types and declarations
#define STELE_REPLACE(result, failed, name, parameters, ...)      \
    extern "C" result name parameters {                           \
        static auto* const real = next<result parameters>(#name); \
        return call(real, failed, __VA_ARGS__);                   \
    }
#define STELE_REPLACE_OPEN(name)                                           \
    extern "C" int name(const char* file, int flags, ...) {                \
        static auto* const real = next<int(const char*, int, ...)>(#name); \
        std::va_list rest;                                                 \
        va_start(rest, flags);                                             \
        const auto mode = mode_in(flags, rest);                            \
        va_end(rest);                                                      \
        return call(real, -1, file, flags, mode);                          \
    }
// NOLINTEND(bugprone-macro-parentheses)

STELE_REPLACE_OPEN(open)
STELE_REPLACE_OPEN(open64)
STELE_REPLACE(int, -1, stat, (const char* f, struct stat* s), f, s)
STELE_REPLACE(int, -1, lstat, (const char* f, struct stat* s), f, s)
STELE_REPLACE(int, -1, fstat, (int d, struct stat* s), d, s)
STELE_REPLACE(int, -1, stat64, (const char* f, struct stat64* s), f, s)
STELE_REPLACE(int, -1, lstat64, (const char* f, struct stat64* s), f, s)
STELE_REPLACE(int, -1, fstat64, (int d, struct stat64* s), d, s)
STELE_REPLACE(int, -1, statx, (int d, const char* f, int o, unsigned m, struct statx* s), d, f, o, m, s)
STELE_REPLACE(int, -1, access, (const char* f, int m), f, m)
STELE_REPLACE(int, -1, faccessat, (int d, const char* f, int m, int o), d, f, m, o)
STELE_REPLACE(int, -1, fchownat, (int d, const char* f, uid_t u, gid_t g, int o), d, f, u, g, o)
STELE_REPLACE(int, -1, mkdir, (const char* f, mode_t m), f, m)
STELE_REPLACE(int, -1, mknod, (const char* f, mode_t m, dev_t d), f, m, d)
STELE_REPLACE(int, -1, chmod, (const char* f, mode_t m), f, m)
STELE_REPLACE(int, -1, fchmod, (int d, mode_t m), d, m)
STELE_REPLACE(int, -1, rename, (const char* f, const char* t), f, t)
STELE_REPLACE(int, -1, renameat2, (int d, const char* f, int e, const char* t, unsigned o), d, f, e, t, o)
STELE_REPLACE(int, -1, symlink, (const char* f, const char* t), f, t)
STELE_REPLACE(ssize_t, ssize_t{-1}, readlink, (const char* f, char* b, std::size_t n), f, b, n)
STELE_REPLACE(int, -1, unlink, (const char* f), f)
STELE_REPLACE(int, -1, remove, (const char* f), f)
STELE_REPLACE(int, -1, fsync, (int d), d)
STELE_REPLACE(int, -1, fdatasync, (int d), d)
STELE_REPLACE(char*, static_cast<char*>(nullptr), realpath, (const char* f, char* r), f, r)
STELE_REPLACE(char*, static_cast<char*>(nullptr), getcwd, (char* b, std::size_t n), b, n)
STELE_REPLACE(DIR*, static_cast<DIR*>(nullptr), opendir, (const char* f), f)
STELE_REPLACE(dirent*, static_cast<dirent*>(nullptr), readdir, (DIR * d), d)

extern "C" int link(const char* from, const char* to) {
    static auto* const real = next<int(const char*, const char*)>("link");
    if (failing_calls::are_links_forbidden()) {
        errno = EPERM;
        return -1;
    }
    return call(real, -1, from, to);
}
