#include <stele/eventstore/error.hpp>
#include <stele/eventstore/sqlite/detail/real_file.hpp>

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/stat.h>

#include <system_error>

namespace stele::inline v0::detail {
namespace {

std::optional<std::pair<dev_t, ino_t>> identity_of(const std::string& file) {
    struct stat found{};
    if (::stat(file.c_str(), &found) != 0) return {};
    return std::pair{found.st_dev, found.st_ino};
}

// Whether something is mounted on the name itself. Unknown before Linux 5.8, and then no.
bool is_mount_point(const std::string& file) {
    struct statx found{};
    if (::statx(AT_FDCWD, file.c_str(), 0, STATX_TYPE, &found) != 0) return false;
    return (found.stx_attributes & found.stx_attributes_mask & STATX_ATTR_MOUNT_ROOT) != 0;
}

}  // namespace

namespace fs = std::filesystem;

fs::path real_file(const fs::path& name) {
    constexpr int most_links = 40;  // as Linux follows
    const auto fail = [&](const std::error_code& failure) {
        throw error(error_kind::io,
                    fmt::format("{}: the name cannot be followed: {}; check its directories and links", name.string(),
                                failure.message()),
                    failure.value());
    };
    std::error_code failure;
    fs::path file = fs::absolute(name, failure);
    if (failure) fail(failure);
    // A link to a file that does not exist yet is followed, too.
    for (int links = 0; fs::is_symlink(fs::symlink_status(file, failure)); ++links) {
        if (links == most_links) fail(std::make_error_code(std::errc::too_many_symbolic_link_levels));
        const auto target = fs::read_symlink(file, failure);
        if (failure) fail(failure);
        file = file.parent_path() / target;
    }
    auto real = fs::weakly_canonical(file, failure);
    if (failure) fail(failure);
    return real;
}

file_identity::file_identity(std::string file) : file_(std::move(file)), known_(identity_of(file_)) {}

void file_identity::expect_same() const {
    if (!known_ || identity_of(file_) == known_) return;
    throw error(
        error_kind::io,
        fmt::format("{}: the file was moved, deleted or replaced while the store had it open; nothing is written "
                    "to it any more; put the file back, and open the store again",
                    file_));
}

void expect_one_name(const fs::path& file) {
    std::error_code absent;
    if (!fs::is_regular_file(file, absent)) return;
    if (is_mount_point(file.string()))
        throw error(
            error_kind::invalid_argument,
            fmt::format("{}: the file alone is mounted there (a bind mount); a program that opens it by its other name "
                        "does not see the log and the locks of this one, and both would damage it; mount the "
                        "directory that holds it instead",
                        file.string()));
    const auto names = fs::hard_link_count(file, absent);
    if (absent || names <= 1) return;
    throw error(
        error_kind::invalid_argument,
        fmt::format("{}: the file has {} names (hard links); a program that opens it by another one does not see "
                    "the locks of this one, and both would damage it; copy the file, or remove the other names",
                    file.string(), names));
}

}  // namespace stele::inline v0::detail
