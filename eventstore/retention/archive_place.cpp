#include "eventstore/retention/archive_place.hpp"

#include "eventstore/retention/archive_line.hpp"

#include <stele/eventstore/error.hpp>

#include <fmt/format.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <optional>
#include <string>
#include <string_view>
#include <system_error>

namespace stele::inline v0::detail {
namespace {

std::optional<int> number_of(const std::filesystem::directory_entry& entry) {
    const auto name = entry.path().filename().string();
    int number = 0;
    const auto [end, error] = std::from_chars(name.data(), name.data() + name.size(), number);
    return error == std::errc{} && end == name.data() + name.size() ? std::optional{number} : std::nullopt;
}

bool is_other(int descriptor) {
    std::array<char, archive_beginning.size()> begin{};
    const auto size = ::pread(descriptor, begin.data(), begin.size(), 0);
    if (size <= 0) return false;
    const std::string_view there{begin.data(), static_cast<std::size_t>(size)};
    return there != archive_beginning.substr(0, there.size());
}

void expect_no_store(const std::filesystem::path& file) {
    struct stat wanted{};
    if (::lstat(file.c_str(), &wanted) != 0 || !S_ISREG(wanted.st_mode)) return;
    std::error_code ignored;
    for (const auto& entry : std::filesystem::directory_iterator{"/proc/self/fd", ignored}) {
        const auto descriptor = number_of(entry);
        struct stat open{};
        if (!descriptor || ::fstat(*descriptor, &open) != 0) continue;
        if (open.st_dev != wanted.st_dev || open.st_ino != wanted.st_ino || !is_other(*descriptor)) continue;
        throw error(
            error_kind::foreign_file,
            fmt::format("{}: this program has the file open, and it is not an archive of Stele but the file of a "
                        "store, for example; it was left untouched; give the archive another name",
                        file.string()));
    }
}

}  // namespace

int open_archive_file(const std::filesystem::path& file, own_file_use use, std::filesystem::perms mode) {
    expect_no_store(file);
    return open_own_file(file, use, mode);
}

}  // namespace stele::inline v0::detail
