#include <stele/eventstore/detail/own_file.hpp>
#include <stele/eventstore/error.hpp>

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <system_error>

namespace stele::inline v0::detail {
namespace {

std::string_view kind_of_file(mode_t mode) noexcept {
    switch (mode & S_IFMT) {
        case S_IFREG: return "";
        case S_IFLNK: return "a symbolic link";
        case S_IFDIR: return "a directory";
        case S_IFIFO: return "a fifo";
        case S_IFSOCK: return "a socket";
        default: return "a device";
    }
}

namespace fs = std::filesystem;

int open_or_fail(const std::string& name, int flags, mode_t mode = 0) noexcept {
    int descriptor = -1;
    do descriptor = ::open(name.c_str(), flags | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC, mode);
    while (descriptor < 0 && errno == EINTR);
    return descriptor;
}

// The umask may have taken rights away.
int make(const std::string& name, mode_t mode) noexcept {
    const int descriptor = open_or_fail(name, O_RDWR | O_CREAT | O_EXCL, mode);
    if (descriptor < 0 || ::fchmod(descriptor, mode) == 0) return descriptor;
    const int code = errno;
    ::unlink(name.c_str());
    ::close(descriptor);
    errno = code;
    return -1;
}

int open_for(const std::string& name, own_file_use use, mode_t mode) noexcept {
    if (use == own_file_use::read) return open_or_fail(name, O_RDONLY);
    if (use == own_file_use::write_new) return make(name, mode);
    // Another process may make or remove it at the same time.
    for (int attempt = 0; attempt < 100; ++attempt) {
        if (const int opened = open_or_fail(name, O_RDWR); opened >= 0 || errno != ENOENT) return opened;
        if (const int made = make(name, mode); made >= 0 || errno != EEXIST) return made;
    }
    return -1;
}

// The name for the system, which would take a zero byte for its end.
const char* name_of(const fs::path& file) {
    if (file.native().find('\0') == std::string::npos) return file.c_str();
    throw error(error_kind::invalid_argument,
                fmt::format("{}: the name contains a zero byte; give another name", file.c_str()));
}

// What lstat() says; nothing if there is nothing of that name.
std::optional<struct stat> look_at(const fs::path& file) {
    struct stat found{};
    if (::lstat(name_of(file), &found) == 0) return found;
    if (means_absent(errno)) return {};
    throw cannot_look(file, errno);
}

[[noreturn]] void refuse(const std::string& name, std::string_view found) {
    throw error(error_kind::foreign_file,
                fmt::format("{}: is {}, not a regular file; it was left untouched; move it away", name, found));
}

}  // namespace

error file_error(const fs::path& file, std::string_view what, int code) {
    return {code == ENOSPC || code == EDQUOT || code == EFBIG ? error_kind::full : error_kind::io,
            fmt::format("{}: {}: {}; {}", file.string(), what, std::strerror(code), advice_on_open(code)), code};
}

bool means_absent(int code) noexcept {
    return code == ENOENT || code == ENOTDIR;
}

error cannot_look(const fs::path& file, int code) {
    return {error_kind::io,
            fmt::format("{}: cannot be looked at: {}; nothing was changed; {}", file.string(), std::strerror(code),
                        advice_on_open(code)),
            code};
}

bool is_there(const fs::path& file) {
    return look_at(file).has_value();
}

void expect_regular_or_absent(const fs::path& file) {
    if (const auto found = what_is_there(file); !found.empty()) refuse(file.string(), found);
}

bool is_regular_file(const fs::path& file) {
    const auto found = look_at(file);
    return found && S_ISREG(found->st_mode);
}

fs::path absolute_name(const fs::path& file) {
    std::error_code failure;
    auto name = fs::absolute(name_of(file), failure);
    if (failure) throw cannot_look(file, failure.value());
    return name;
}

std::optional<std::uintmax_t> size_of(const fs::path& file) {
    struct stat found{};
    if (::stat(name_of(file), &found) == 0) return static_cast<std::uintmax_t>(found.st_size);
    if (means_absent(errno)) return {};
    throw cannot_look(file, errno);
}

int open_own_file(const fs::path& file, own_file_use use, fs::perms mode) {
    const auto name = file.string();
    const int descriptor = open_for(name, use, static_cast<mode_t>(mode));
    if (descriptor < 0) {
        const int code = errno;
        if (const auto found = what_is_there(file); !found.empty()) refuse(name, found);
        throw file_error(file, use == own_file_use::write_new ? "cannot be made" : "cannot be opened", code);
    }
    struct stat found{};
    const int code = ::fstat(descriptor, &found) == 0 ? 0 : errno;
    if (code == 0 && S_ISREG(found.st_mode)) return descriptor;
    ::close(descriptor);
    if (code != 0) throw cannot_look(file, code);
    refuse(name, kind_of_file(found.st_mode));
}

// An O_PATH descriptor holds no locks, and closing it releases none.
void make_empty_file(const fs::path& file, fs::perms mode) {
    const auto rights = static_cast<mode_t>(mode);
    if (::mknod(file.c_str(), S_IFREG | rights, 0) != 0) return;
    const int made = ::open(file.c_str(), O_PATH | O_NOFOLLOW | O_CLOEXEC);
    struct stat found{};
    bool is_exact = made >= 0 && ::fstat(made, &found) == 0;
    if (is_exact && (found.st_mode & 07777) != rights)
        is_exact = ::chmod(fmt::format("/proc/self/fd/{}", made).c_str(), rights) == 0;
    const int code = errno;
    if (made >= 0) ::close(made);
    if (!is_exact) throw file_error(file, "the new file cannot have the rights that were asked for", code);
}

fs::perms rights_of(const fs::path& file, fs::perms otherwise) {
    struct stat found{};
    if (::stat(name_of(file), &found) == 0) return fs::perms{found.st_mode & 0777};
    if (means_absent(errno)) return otherwise;
    throw cannot_look(file, errno);
}

void make_directories(const fs::path& directory, fs::perms mode) {
    struct stat found{};
    if (directory.empty() || ::stat(name_of(directory), &found) == 0) return;
    if (!means_absent(errno)) throw cannot_look(directory, errno);
    make_directories(directory.parent_path(), mode);
    const auto readable = static_cast<mode_t>(mode) & 0444;
    const auto rights = static_cast<mode_t>(mode) | readable >> 2;
    const bool made = ::mkdir(directory.c_str(), rights) == 0;
    // It may have taken the set-group-id bit of the directory above, and with it the group.
    const bool known = made && ::stat(directory.c_str(), &found) == 0;
    if (known && ::chmod(directory.c_str(), rights | (found.st_mode & S_ISGID)) == 0) return;
    const int code = errno;
    if (made) ::rmdir(directory.c_str());  // it is empty, or it stays
    if (made || code != EEXIST) throw file_error(directory, "the directory cannot be made", code);
}

std::string_view what_is_there(const fs::path& file) noexcept {
    struct stat found{};
    return ::lstat(file.c_str(), &found) == 0 ? kind_of_file(found.st_mode) : "";
}

std::string_view what_it_leads_to(const fs::path& file) noexcept {
    struct stat found{};
    return ::stat(file.c_str(), &found) == 0 ? kind_of_file(found.st_mode) : "";
}

std::string_view advice_on_open(int code) noexcept {
    switch (code) {
        case EMFILE:
            return "the process has too many files open; close some or raise its limit (ulimit -n), then try again";
        case ENFILE: return "the system has too many files open; close some or raise fs.file-max, then try again";
        case EACCES:
        case EPERM: return "check the rights of the file and of every directory above it";
        case EROFS: return "the file system is mounted read-only";
        case EEXIST: return "give another name";
        case ENAMETOOLONG: return "give a shorter name";
        case ELOOP: return "its symbolic links lead in a circle; correct them, or give another name";
        case ENOENT:
        case ENOTDIR: return "check the name; its directory must exist";
        case ENOSPC:
        case EDQUOT: return "free some space, then try again";
        case EFBIG: return "the process may not write files of that size; raise its limit (ulimit -f), then try again";
        default: return "check the directory and the disk";
    }
}

}  // namespace stele::inline v0::detail
