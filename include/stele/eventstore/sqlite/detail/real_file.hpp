#pragma once

#include <sys/types.h>

#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>
#include <string_view>
#include <utility>

namespace stele::inline v0::detail {

/// The file that `name` means now, as an absolute path without symbolic links: the working directory may change later,
/// and the lock and what SQLite keeps beside a file must have one name for all who use it. The file need not exist.
/// Throws stele::error (io) if the name cannot be followed.
std::filesystem::path real_file(const std::filesystem::path& name);

/// Throws stele::error (invalid_argument) if the file has further names, hard links or a bind mount of the file itself,
/// and may have been used under one of them: there it has another log and other locks. (A bind mount of its directory
/// has the same.) A file with hard links is used under the name beside which it was noted last (main_file).
void expect_one_name(const std::filesystem::path& file);

/// Which file a name means, and how many bytes it has.
struct seen_file {
    std::pair<dev_t, ino_t> identity;
    std::int64_t size = 0;
};

/// Nothing if there is no such file. Throws stele::error (io) if that cannot be known just now.
///
/// Does not ask for the times of the file, for that costs whoever writes to it. Since Linux 6.13 the next write after
/// such a question stores its time exactly, and the sync of that write has to write the inode as well: on ext4 an
/// fdatasync of the log took 80 µs instead of 53.
std::optional<seen_file> look_at(const std::string& file);

/// Which file a name meant when this was made. Any thread may call it.
class file_identity {
public:
    /// Knows nothing if there is no such file, for example in a VFS that keeps its files elsewhere.
    explicit file_identity(std::string file);
    /// The file that is open as `descriptor`, whatever the name means by now.
    file_identity(std::string file, int descriptor);

    /// Whether both names meant the same file. Two that know nothing are equal.
    friend bool operator==(const file_identity& left, const file_identity& right) noexcept {
        return left.known_ == right.known_;
    }

    /// Whether there was such a file.
    [[nodiscard]] bool is_known() const noexcept { return known_.has_value(); }
    /// Throws stele::error (io) if the name means another file now, or none. It says so, and what to do: `advice`, or
    /// what is right for the main file of a store.
    void expect_same(std::string_view advice = {}) const;
    /// Whether it means the same file. Throws stele::error (io) if that cannot be known just now.
    [[nodiscard]] bool is_in_place() const;
    /// Whether the name means another file. False if it means none, or if that cannot be found out.
    [[nodiscard]] bool is_replaced() const noexcept;
    /// Whether the name means the same file. False if that cannot be found out.
    [[nodiscard]] bool is_same() const noexcept;

private:
    std::string file_;
    std::optional<std::pair<dev_t, ino_t>> known_;
};

}  // namespace stele::inline v0::detail
