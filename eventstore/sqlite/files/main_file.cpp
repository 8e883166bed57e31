#include "eventstore/sqlite/files/main_file.hpp"

#include <stele/eventstore/sqlite/detail/file_format.hpp>
#include <stele/eventstore/sqlite/detail/own_file.hpp>

#include <fmt/format.h>
#include <sqlite3.h>
#include <sys/stat.h>

#include <cstdlib>

namespace stele::inline v0::detail {
namespace {

std::string damage_found(connection& db) {
    try {
        auto check = db.prepare("PRAGMA integrity_check(1)");
        if (!check.step()) return "it cannot be checked";
        if (const auto found = check.column_bytes(0); found != "ok") return std::string(found);
        // Pages of two states may fit and yet lack rows. Every position that was given holds an event, or it was
        // removed.
        const auto lacking = db.integer("SELECT seq FROM sqlite_sequence WHERE name = 'events'") -
                             db.integer("SELECT count(*) FROM events") -
                             db.integer("SELECT coalesce(sum(removed_up_to), 0) FROM streams");
        if (lacking != 0) return fmt::format("{} events are not where they should be", std::abs(lacking));
        const auto unknown = db.integer(
            fmt::format("SELECT count(*) FROM events AS e WHERE NOT EXISTS (SELECT 1 FROM streams WHERE id = e.stream) "
                        "OR NOT EXISTS (SELECT 1 FROM types WHERE id = e.type) OR NOT EXISTS "
                        "(SELECT 1 FROM type_blocks WHERE type = e.type AND block = (e.position - 1) / {})",
                        positions_per_block));
        return unknown == 0 ? "" : fmt::format("{} events are of streams or types that are missing", unknown);
    } catch (const error& fault) {
        if (fault.kind() != error_kind::corrupt && fault.kind() != error_kind::foreign_file) throw;
        return fault.what();
    }
}

}  // namespace

main_file::state main_file::look() const noexcept {
    struct stat found{};
    if (::stat(file_.c_str(), &found) != 0) return {};
    return {found.st_size, found.st_mtim.tv_sec, found.st_mtim.tv_nsec};
}

// Of one length, so that it replaces the one before.
std::string main_file::text_of(const state& found) {
    return fmt::format("{:20} {:20}.{:09}\n", found.size, found.seconds, found.nanoseconds);
}

void main_file::note(file_lock& lock) noexcept {
    const auto now = look();
    if (!is_ours_ || now == noted_) return;
    try {
        if (const auto text = text_of(now); text != lock.note()) lock.set_note(text);
        noted_ = now;
    } catch (...) {
        noted_ = {};  // no memory: noted the next time
    }
}

void main_file::check_log(connection& db, const file_lock& lock) {
    if (size_of(file_ + "-wal").value_or(0) == 0 || is_noted(lock)) return;
    is_ours_ = false;
    sqlite3_db_config(db.handle(), SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, 1, nullptr);
    expect_fitting_log(db);
    sqlite3_db_config(db.handle(), SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, 0, nullptr);
    is_ours_ = true;
}

void main_file::expect_fitting_log(connection& db) const {
    const auto log = file_ + "-wal";
    if (const auto damage = damage_found(db); !damage.empty())
        throw error(
            error_kind::corrupt,
            fmt::format("{}: together with its log {} it is damaged ({}); nothing was changed; if another file "
                        "was put in the place of the store, a backup for example, move {} and {}-shm to another "
                        "directory and open the store again; otherwise restore a backup",
                        file_, log, damage, log, file_));
}

}  // namespace stele::inline v0::detail
