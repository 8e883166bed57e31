#include "eventstore/sqlite/files/main_file.hpp"

#include <stele/eventstore/detail/own_file.hpp>
#include <stele/eventstore/error.hpp>
#include <stele/eventstore/sqlite/detail/real_file.hpp>

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>

#include <cerrno>
#include <system_error>

namespace stele::inline v0::detail {

namespace fs = std::filesystem;

namespace {

// Returns 0, or the reason as errno.
int try_look_at(const std::string& file, seen_file& seen) noexcept {
    struct statx found{};
    if (::statx(AT_FDCWD, file.c_str(), 0, STATX_TYPE | STATX_INO | STATX_SIZE, &found) == 0) {
        seen = {{makedev(found.stx_dev_major, found.stx_dev_minor), found.stx_ino},
                static_cast<std::int64_t>(found.stx_size)};
        return 0;
    }
    if (errno != ENOSYS && errno != EPERM) return errno;
    struct stat known{};  // an old kernel, or a sandbox that forbids the call
    if (::stat(file.c_str(), &known) != 0) return errno;
    seen = {{known.st_dev, known.st_ino}, known.st_size};
    return 0;
}

std::optional<std::pair<dev_t, ino_t>> identity_of(const std::string& file) {
    const auto seen = look_at(file);
    return seen ? std::optional{seen->identity} : std::nullopt;
}

// Whether something is mounted on the name itself. Unknown before Linux 5.8 and where a sandbox forbids the call, and
// then no.
bool is_mount_point(const fs::path& file) {
    struct statx found{};
    if (::statx(AT_FDCWD, file.c_str(), 0, STATX_TYPE, &found) != 0) {
        if (errno != ENOSYS && errno != EPERM && errno != EINVAL) throw cannot_look(file, errno);
        return false;
    }
    return (found.stx_attributes & found.stx_attributes_mask & STATX_ATTR_MOUNT_ROOT) != 0;
}

}  // namespace

std::optional<seen_file> look_at(const std::string& file) {
    seen_file seen;
    const int code = try_look_at(file, seen);
    if (code == 0) return seen;
    if (means_absent(code)) return {};
    throw cannot_look(file, code);
}

fs::path real_file(const fs::path& name) {
    constexpr int most_links = 40;  // as Linux follows
    const auto fail = [&](int code) { throw file_error(name, "the name cannot be followed", code); };
    std::error_code failure;
    fs::path file = absolute_name(name);
    // A link to a file that does not exist yet is followed, too.
    for (int links = 0;; ++links) {
        const auto status = fs::symlink_status(file, failure);
        if (status.type() == fs::file_type::none) fail(failure.value());
        if (!fs::is_symlink(status)) break;
        if (links == most_links) fail(ELOOP);
        const auto target = fs::read_symlink(file, failure);
        if (failure) fail(failure.value());
        file = file.parent_path() / target;
    }
    auto real = fs::weakly_canonical(file, failure);
    if (failure) fail(failure.value());
    return real;
}

file_identity::file_identity(std::string file) : file_(std::move(file)), known_(identity_of(file_)) {}

file_identity::file_identity(std::string file, int descriptor) : file_(std::move(file)) {
    struct stat found{};
    if (::fstat(descriptor, &found) != 0) throw cannot_look(file_, errno);
    known_.emplace(found.st_dev, found.st_ino);
}

bool file_identity::is_in_place() const {
    return !known_ || identity_of(file_) == known_;
}

void file_identity::expect_same(std::string_view advice) const {
    if (!known_) return;
    const auto now = identity_of(file_);
    if (now == known_) return;
    if (advice.empty())
        advice = now ? "another file has its name now: open the store again to use that one, or end every program that "
                       "uses it, move it away and put the first one back"
                     : "put the file back, or restore a backup, and open the store again";
    throw error(error_kind::io,
                fmt::format("{}: the file was moved, deleted or replaced while the store had it open; nothing is "
                            "written to the store any more; {}",
                            file_, advice));
}

bool file_identity::is_replaced() const noexcept {
    seen_file seen;
    return known_ && try_look_at(file_, seen) == 0 && seen.identity != known_;
}

bool file_identity::is_same() const noexcept {
    seen_file seen;
    return !known_ || (try_look_at(file_, seen) == 0 && seen.identity == known_);
}

namespace {

// Whether the file is as its last writer left it, and that one used this name. The lock file may have been linked as
// well, as a copy of a directory by links does.
bool was_used_by(const fs::path& name) {
    const auto lock_name = name.string() + "-lock";
    struct stat found{};
    if (::stat(lock_name.c_str(), &found) != 0 || found.st_nlink != 1) return false;
    try {
        const file_lock lock(lock_name);
        return main_file(name.string()).is_noted(lock);
    } catch (const error&) {
        return false;  // it cannot be read
    }
}

// Whether the other name is the one that an upgrade gives to an old store, just before it is replaced.
bool is_kept_as(const fs::path& file, const struct stat& store) {
    struct stat found{};
    return ::lstat((file.string() + ".format-1").c_str(), &found) == 0 && found.st_dev == store.st_dev &&
           found.st_ino == store.st_ino;
}

}  // namespace

void expect_one_name(const fs::path& file) {
    struct stat found{};
    if (::stat(file.c_str(), &found) != 0) {
        if (means_absent(errno)) return;
        throw cannot_look(file, errno);
    }
    if (!S_ISREG(found.st_mode)) return;
    if (is_mount_point(file))
        throw error(
            error_kind::invalid_argument,
            fmt::format("{}: the file alone is mounted there (a bind mount); a program that opens it by its other name "
                        "does not see the log and the locks of this one, and both would damage it; mount the "
                        "directory that holds it instead",
                        file.string()));
    const auto names = found.st_nlink;
    if (names <= 1 || was_used_by(file) || (names == 2 && is_kept_as(file, found))) return;
    throw error(
        error_kind::invalid_argument,
        fmt::format("{}: the file has {} names (hard links); a program that opens it by another one does not see "
                    "the locks of this one, and both would damage it; open it by the name under which it was used "
                    "last, or copy it, or remove the other names",
                    file.string(), names));
}

}  // namespace stele::inline v0::detail
