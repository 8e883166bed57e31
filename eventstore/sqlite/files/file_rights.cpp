#include "eventstore/sqlite/files/file_rights.hpp"

#include <stele/eventstore/detail/own_file.hpp>
#include <stele/eventstore/error.hpp>

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/stat.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstring>
#include <filesystem>
#include <string_view>

namespace stele::inline v0::detail {
namespace {

constexpr std::array<std::string_view, 5> suffixes{"", "-wal", "-shm", "-journal", "-lock"};

// What to do about a file that belongs to somebody else. Nothing may be lost by it.
std::string advice_on(const std::string& database, std::string_view suffix, bool is_empty) {
    constexpr std::string_view by_owner = "let its owner or root give this user the right to write it (chmod, chgrp)";
    if (suffix.empty())
        return fmt::format("run the program as a user who may, or {}; to read it only, open it read-only", by_owner);
    if (suffix == "-wal" && is_empty)
        return fmt::format(
            "{0}; or end every program that uses {1}, make sure that this file still has 0 bytes, and "
            "remove it, together with {1}-shm if that is there",
            by_owner, database);
    if (suffix == "-shm" || suffix == "-lock")
        return fmt::format("{}; or end every program that uses {}, and remove this file, which holds no events",
                           by_owner, database);
    return fmt::format("do not remove it, because it may hold what is nowhere else; {}", by_owner);
}

std::string refusal(const std::string& database, std::string_view suffix) {
    const auto name = fmt::format("{}{}", database, suffix);
    if (::faccessat(AT_FDCWD, name.c_str(), W_OK, AT_EACCESS) == 0 || means_absent(errno)) return {};
    const int code = errno;
    struct stat found{};
    if (code != EACCES || ::stat(name.c_str(), &found) != 0)
        return fmt::format("{}: cannot be written: {}; {}", name, std::strerror(code), advice_on_open(code));
    return fmt::format("{}: user {} may not write it: it belongs to user {} and group {} and has the rights {:04o}; {}",
                       name, ::geteuid(), found.st_uid, found.st_gid, found.st_mode & 07777,
                       advice_on(database, suffix, found.st_size == 0));
}

}  // namespace

std::string advice_on_read_only(const std::string& file) {
    for (const auto suffix : suffixes)
        if (auto refused = refusal(file, suffix); !refused.empty()) return refused;
    return {};
}

void expect_writable(const std::string& file) {
    if (const auto refused = advice_on_read_only(file); !refused.empty())
        throw error(error_kind::io, refused + "; nothing was made or changed");
}

void expect_directory_of(const std::string& file) {
    const auto directory = std::filesystem::path(file).parent_path();
    struct stat found{};
    const int code = ::stat(directory.c_str(), &found) != 0 ? errno : S_ISDIR(found.st_mode) ? 0 : ENOTDIR;
    if (directory.empty() || code == 0) return;
    if (!means_absent(code)) throw cannot_look(directory, code);
    throw error(error_kind::io,
                fmt::format("{}: cannot be made: there is no directory {}; make that first, or give another name", file,
                            directory.string()),
                code);
}

// By descriptors, so that nobody can exchange the file in between. One of O_PATH holds no locks.
void share_with_owner(const std::string& file) noexcept {
    struct stat main{};
    if (::stat(file.c_str(), &main) != 0) return;
    const auto me = ::geteuid();
    for (const char* const suffix : {"-lock", "-wal", "-shm"}) try {
            const int made = ::open((file + suffix).c_str(), O_PATH | O_NOFOLLOW | O_CLOEXEC);
            if (made < 0) continue;
            struct stat found{};
            const bool is_mine = ::fstat(made, &found) == 0 && S_ISREG(found.st_mode) && found.st_nlink == 1 &&
                                 found.st_uid == me && (found.st_gid != main.st_gid || (me == 0 && main.st_uid != 0));
            const auto owner = me == 0 ? main.st_uid : static_cast<uid_t>(-1);
            if (is_mine) static_cast<void>(!::fchownat(made, "", owner, main.st_gid, AT_EMPTY_PATH));
            ::close(made);
        } catch (...) {
            return;  // there is no memory for the name
        }
}

}  // namespace stele::inline v0::detail
