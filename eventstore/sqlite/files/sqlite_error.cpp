#include "eventstore/sqlite/files/sqlite_error.hpp"

#include "eventstore/sqlite/files/disk_limits.hpp"
#include "eventstore/sqlite/files/file_rights.hpp"

#include <stele/eventstore/detail/own_file.hpp>
#include <stele/eventstore/sqlite/detail/connection.hpp>

#include <fmt/format.h>
#include <sqlite3.h>

#include <cerrno>
#include <string>
#include <utility>

namespace stele::inline v0::detail {
namespace {

std::string_view advice(error_kind kind) {
    switch (kind) {
        case error_kind::busy: return "another process holds the lock; try again";
        case error_kind::full: return "free some space, then open the file again";
        case error_kind::io: return "check the directory, its permissions and the disk, then open the file again";
        case error_kind::corrupt: return "the file is damaged; restore a backup, or rebuild it if it is a read model";
        case error_kind::foreign_file: return "it is not a file of this library; use another name";
        default: return "";
    }
}

}  // namespace

error make_error(sqlite3* db, int code, const std::string& file, std::string_view doing) {
    const int extended = db != nullptr ? sqlite3_extended_errcode(db) : code;
    const auto limit = advice_on_limit(db, extended, file);
    const auto kind = limit.empty() ? kind_of(code) : error_kind::full;
    const int reason = db != nullptr && (extended & 0xFF) == SQLITE_CANTOPEN ? sqlite3_system_errno(db) : 0;
    const bool too_many = reason == EMFILE || reason == ENFILE;
    std::string hint{too_many ? advice_on_open(reason) : limit.empty() ? advice(kind) : limit};
    if ((extended & 0xFF) == SQLITE_READONLY)
        if (auto refused = advice_on_read_only(file); !refused.empty()) hint = std::move(refused);
    return {kind,
            fmt::format("{}: {}: {} (SQLite {}){}{}", file, doing,
                        db != nullptr ? sqlite3_errmsg(db) : sqlite3_errstr(code), extended, hint.empty() ? "" : "; ",
                        hint),
            extended};
}

error_kind kind_of(int sqlite_code) noexcept {
    switch (sqlite_code & 0xFF) {
        case SQLITE_BUSY:
        case SQLITE_LOCKED: return error_kind::busy;
        case SQLITE_FULL: return error_kind::full;
        case SQLITE_CORRUPT: return error_kind::corrupt;
        case SQLITE_NOTADB: return error_kind::foreign_file;
        case SQLITE_TOOBIG:
        case SQLITE_CONSTRAINT:
        case SQLITE_RANGE:
        case SQLITE_MISMATCH:
        case SQLITE_ERROR: return error_kind::invalid_argument;
        default: return error_kind::io;
    }
}

void rethrow_as_damage() {
    try {
        throw;
    } catch (const error& fault) {
        if (fault.kind() != error_kind::invalid_argument || fault.engine_code() == 0) throw;
        throw error(error_kind::corrupt, fmt::format("{}; {}", fault.what(), advice(error_kind::corrupt)),
                    fault.engine_code());
    }
}

}  // namespace stele::inline v0::detail
