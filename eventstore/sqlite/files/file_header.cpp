#include <stele/eventstore/detail/own_file.hpp>
#include <stele/eventstore/sqlite/detail/connection.hpp>
#include <stele/eventstore/sqlite/detail/file_header.hpp>

#include <fmt/format.h>
#include <sqlite3.h>

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstring>
#include <memory>
#include <new>
#include <string>
#include <string_view>
#include <system_error>

namespace stele::inline v0::detail {
namespace {

// Offsets in the file (sqlite.org/fileformat2.html, 1.3 and 1.6): the header has 100 bytes, then the root page of
// sqlite_schema starts with its kind and, at offset 3, the number of its cells.
constexpr std::string_view magic{"SQLite format 3\0", 16};
constexpr std::size_t user_version_at = 60;
constexpr std::size_t application_id_at = 68;
constexpr std::size_t schema_page_at = 100;
constexpr char empty_leaf_page = 0x0D;

using first_bytes = std::array<char, 105>;

std::uint32_t number_at(const first_bytes& bytes, std::size_t offset) {
    std::uint32_t number = 0;
    for (std::size_t i = 0; i < 4; ++i) number = number << 8 | static_cast<unsigned char>(bytes[offset + i]);
    return number;
}

sqlite3_vfs* find_vfs(const std::string& name) {
    return sqlite3_vfs_find(name.empty() ? nullptr : name.c_str());
}

struct file_closer {
    void operator()(sqlite3_file* handle) const noexcept {
        if (handle->pMethods != nullptr) handle->pMethods->xClose(handle);
    }
};

// Reads the first bytes of a file, as many as it has, through SQLite's own file functions: when a process closes any
// descriptor of a file, it loses all its POSIX locks on it, including those of its connections. SQLite defers such a
// close.
first_bytes read_first_bytes(const std::filesystem::path& file, const connection_options& options) {
    expect_vfs(file, options);
    sqlite3_vfs* const vfs = find_vfs(options.vfs);
    const auto absolute = absolute_name(file).string();
    const std::unique_ptr<const char, decltype(&sqlite3_free_filename)> name(
        sqlite3_create_filename(absolute.c_str(), "", "", 0, nullptr), &sqlite3_free_filename);
    if (name == nullptr) throw std::bad_alloc();
    const auto memory =
        std::make_unique<std::max_align_t[]>(static_cast<std::size_t>(vfs->szOsFile) / sizeof(std::max_align_t) + 1);
    const std::unique_ptr<sqlite3_file, file_closer> handle(reinterpret_cast<sqlite3_file*>(memory.get()));
    first_bytes bytes{};
    int code = vfs->xOpen(vfs, name.get(), handle.get(), SQLITE_OPEN_READONLY | SQLITE_OPEN_MAIN_DB, nullptr);
    const int reason = code == SQLITE_OK || vfs->xGetLastError == nullptr ? 0 : vfs->xGetLastError(vfs, 0, nullptr);
    if (code == SQLITE_OK)
        code = handle->pMethods->xRead(handle.get(), bytes.data(), static_cast<int>(bytes.size()), 0);
    if (code != SQLITE_OK && code != SQLITE_IOERR_SHORT_READ)
        throw error(
            kind_of(code),
            fmt::format("{}: cannot be read: {} (SQLite {}); nothing was changed; {}", file.string(),
                        reason != 0 ? std::strerror(reason) : sqlite3_errstr(code), code,
                        reason != 0 ? advice_on_open(reason) : "check the directory, its permissions and the disk"),
            code);
    return bytes;
}

}  // namespace

void expect_vfs(const std::filesystem::path& file, const connection_options& options) {
    if (find_vfs(options.vfs) == nullptr)
        throw error(
            error_kind::invalid_argument,
            fmt::format("{}: there is no SQLite VFS named '{}'; register it first", file.string(), options.vfs));
}

file_header read_file_header(const std::filesystem::path& file, const connection_options& options) {
    file_header header;
    std::error_code unreadable;
    const auto type = std::filesystem::status(file, unreadable).type();
    if (type == std::filesystem::file_type::none) throw cannot_look(file, unreadable.value());
    if (type != std::filesystem::file_type::regular) {
        // Reading from a pipe, for example, would block.
        const bool absent = type == std::filesystem::file_type::not_found;
        header.kind = absent ? file_header::content::nothing : file_header::content::other;
        return header;
    }
    if (size_of(file).value_or(0) == 0) return header;
    const auto bytes = read_first_bytes(file, options);
    if (std::ranges::all_of(bytes, [](char byte) { return byte == 0; })) {
        header.kind = file_header::content::unwritten;
    } else if (std::string_view(bytes.data(), magic.size()) != magic) {
        header.kind = file_header::content::other;
    } else {
        header.kind = file_header::content::sqlite;
        header.user_version = number_at(bytes, user_version_at);
        header.application_id = number_at(bytes, application_id_at);
        header.has_tables = bytes[schema_page_at] != empty_leaf_page || bytes[schema_page_at + 3] != 0 ||
                            bytes[schema_page_at + 4] != 0;
    }
    return header;
}

}  // namespace stele::inline v0::detail
