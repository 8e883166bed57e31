#pragma once

#include <stele/eventstore/error.hpp>

#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>
#include <string_view>

namespace stele::inline v0::detail {

/// What a file of the library is opened for.
enum class own_file_use : std::uint8_t {
    read,           ///< To read it; it must exist.
    write_or_make,  ///< To read and write it; it is made if there is none.
    write_new,      ///< To write it; there must be none of that name.
};

/// Opens or makes a file that belongs to the library, and returns its descriptor, which the caller closes. The last
/// part of the name is not followed if it is a symbolic link, and nothing blocks. A file that is made has exactly the
/// rights `mode`, whatever the umask is; one that exists keeps its own.
///
/// Throws stele::error that names the file: foreign_file if there is anything but a regular file, which it tells; full;
/// io otherwise, with errno as engine_code().
///
/// Not for files that SQLite has open: closing a descriptor would release SQLite's locks on them.
[[nodiscard]] int open_own_file(const std::filesystem::path& file, own_file_use use,
                                std::filesystem::perms mode = std::filesystem::perms::none);

/// Makes an empty file with exactly these rights, if there is nothing of that name, for SQLite to fill: it would make
/// one with rights of its own. Closes no descriptor that holds locks. If it cannot be made, SQLite will say why.
/// Throws stele::error (io) if it cannot have those rights.
void make_empty_file(const std::filesystem::path& file, std::filesystem::perms mode);

/// The rights of a file that exists; `otherwise` if there is none. Throws as size_of().
[[nodiscard]] std::filesystem::perms rights_of(const std::filesystem::path& file, std::filesystem::perms otherwise);

/// Makes a directory and those above it that are missing. Who may read files of the rights `mode` may enter and list
/// them, who may write such files may add some. The set-group-id bit of the directory above is passed on. Throws
/// stele::error (io, full).
void make_directories(const std::filesystem::path& directory, std::filesystem::perms mode);

/// The size of a file; nothing if there is none. Throws stele::error (io) if that cannot be known just now, for want of
/// rights for example: then nobody may say that there is none.
[[nodiscard]] std::optional<std::uintmax_t> size_of(const std::filesystem::path& file);

/// Whether there is anything of that name; a symbolic link counts, wherever it leads. Throws as size_of().
[[nodiscard]] bool is_there(const std::filesystem::path& file);

/// Throws stele::error (foreign_file) if anything but a regular file has that name, which is not followed.
void expect_regular_or_absent(const std::filesystem::path& file);

/// Whether that name, not followed, is a regular file. Throws as size_of().
[[nodiscard]] bool is_regular_file(const std::filesystem::path& file);

/// The name from the root on. Nothing is followed. Throws stele::error (io) if the working directory is unknown, or the
/// name is empty.
[[nodiscard]] std::filesystem::path absolute_name(const std::filesystem::path& file);

/// The error of something that was done to a file and failed for the reason `code`, a value of errno: full or io.
/// `what` is like "cannot be opened".
[[nodiscard]] error file_error(const std::filesystem::path& file, std::string_view what, int code);

/// Whether errno `code` of a question about a file says that there is none. Any other one says nothing about that.
[[nodiscard]] bool means_absent(int code) noexcept;

/// The error of size_of(), for errno `code`.
[[nodiscard]] error cannot_look(const std::filesystem::path& file, int code);

/// What is there instead of a regular file, for example "a symbolic link"; empty if it is a regular file, or if there
/// is nothing, or nothing can be said. Does not follow a symbolic link.
[[nodiscard]] std::string_view what_is_there(const std::filesystem::path& file) noexcept;

/// The same of what is there once symbolic links are followed.
[[nodiscard]] std::string_view what_it_leads_to(const std::filesystem::path& file) noexcept;

/// What to do if a file cannot be opened or made for the reason `code`, a value of errno.
[[nodiscard]] std::string_view advice_on_open(int code) noexcept;

}  // namespace stele::inline v0::detail
