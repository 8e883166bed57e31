#include "eventstore/sqlite/upgrade/new_file.hpp"

#include <stele/eventstore/detail/own_file.hpp>
#include <stele/eventstore/error.hpp>

#include <fmt/format.h>
#include <sys/stat.h>
#include <sys/xattr.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <string_view>
#include <vector>

namespace stele::inline v0::detail {
namespace {

// Closed at the end of the scope. Of a file that SQLite has not open.
class descriptor {
public:
    descriptor(const std::string& name, own_file_use use, mode_t rights = 0)
        : number_(open_own_file(name, use, std::filesystem::perms{rights})) {}
    descriptor(const descriptor&) = delete;
    descriptor& operator=(const descriptor&) = delete;
    ~descriptor() { ::close(number_); }
    [[nodiscard]] int number() const { return number_; }

private:
    int number_;
};

// The value of an extended attribute; empty if it is gone.
std::string attribute(const std::string& file, const char* name) {
    const auto size = ::getxattr(file.c_str(), name, nullptr, 0);
    std::string value(size > 0 ? static_cast<std::size_t>(size) : 0, '\0');
    const auto got = ::getxattr(file.c_str(), name, value.data(), value.size());
    value.resize(got > 0 ? static_cast<std::size_t>(got) : 0);
    return value;
}

}  // namespace

file_owner::file_owner(const std::string& file) : file_(file) {
    struct stat found{};
    if (::stat(file.c_str(), &found) != 0) throw cannot_look(file, errno);
    user_ = found.st_uid;
    group_ = found.st_gid;
    rights_ = found.st_mode & 0777;
}

void file_owner::make(const std::string& name) const {
    const descriptor made(name, own_file_use::write_new, rights_ | S_IRUSR | S_IWUSR);
    struct stat found{};
    if (::fstat(made.number(), &found) != 0) throw cannot_look(name, errno);
    const bool is_mine = found.st_uid == user_;
    const bool is_given = (is_mine && found.st_gid == group_) ||
                          ::fchown(made.number(), is_mine ? static_cast<uid_t>(-1) : user_, group_) == 0;
    if (const int code = errno; !is_given)
        throw error(error_kind::io,
                    fmt::format("{}: belongs to user {} and group {}, and the upgraded file could not, because this "
                                "process is of user {}; let its owner or root open it once",
                                file_, user_, group_, ::geteuid()),
                    code);
    give_attributes(made.number(), name);
}

// An access control list says who may use the file beside owner and group. Others belong to the user, or to the system,
// which gives its own to each file.
void file_owner::give_attributes(int descriptor, const std::string& name) const {
    const auto size = ::listxattr(file_.c_str(), nullptr, 0);
    std::vector<char> names(size > 0 ? static_cast<std::size_t>(size) : 0);
    const auto got = ::listxattr(file_.c_str(), names.data(), names.size());
    const std::string_view all(names.data(), got > 0 ? static_cast<std::size_t>(got) : 0);
    for (std::size_t at = 0; at < all.size();) {
        const std::string each(all.substr(at, all.find('\0', at) - at));
        at += each.size() + 1;
        if (each != "system.posix_acl_access" && !each.starts_with("user.")) continue;
        const auto value = attribute(file_, each.c_str());
        if (::fsetxattr(descriptor, each.c_str(), value.data(), value.size(), 0) != 0)
            throw file_error(name, "cannot have the extended attribute " + each + " of the old file", errno);
    }
}

void file_owner::give_rights(const std::string& name) const {
    struct stat found{};
    if (::stat(name.c_str(), &found) != 0) throw cannot_look(name, errno);
    if ((found.st_mode & 0777) != rights_ && ::chmod(name.c_str(), rights_) != 0)
        throw file_error(name, "cannot have the rights of the old file", errno);
}

void sync_file(const std::string& name) {
    const descriptor opened(name, own_file_use::read);
    if (::fsync(opened.number()) != 0) throw file_error(name, "cannot be synced", errno);
}

}  // namespace stele::inline v0::detail
