#include "eventstore/sqlite/files/main_file.hpp"

#include <stele/eventstore/detail/own_file.hpp>
#include <stele/eventstore/sqlite/detail/verify.hpp>

#include <fmt/format.h>
#include <sqlite3.h>
#include <sys/stat.h>

#include <cerrno>

namespace stele::inline v0::detail {

main_file::state main_file::look() const {
    struct stat found{};
    if (::stat(file_.c_str(), &found) != 0) {
        if (means_absent(errno)) return {};
        throw cannot_look(file_, errno);
    }
    return {found.st_size, found.st_mtim.tv_sec, found.st_mtim.tv_nsec};
}

void main_file::follow(connection& db) {
    constexpr int header_of_page = 24;
    page_bytes_ = db.integer("PRAGMA page_size") + header_of_page;
    sqlite3_wal_hook(
        db.handle(),
        [](void* self, sqlite3* handle, const char*, int pages) {
            static_cast<main_file*>(self)->committed(handle, pages);
            return SQLITE_OK;
        },
        this);
}

// Where it fails, a later commit does the same.
void main_file::committed(sqlite3* db, int pages) noexcept {
    constexpr int most_pages = 4000;
    log_bytes_ = pages * page_bytes_;
    if (pages < most_pages) return;
    may_have_changed_ = true;
    sqlite3_wal_checkpoint_v2(db, "main", SQLITE_CHECKPOINT_PASSIVE, nullptr, nullptr);
}

// Of one length, so that it replaces the one before.
std::string main_file::text_of(const state& found) {
    return fmt::format("{:20} {:20}.{:09}\n", found.size, found.seconds, found.nanoseconds);
}

void main_file::note(file_lock& lock) noexcept {
    if (!may_have_changed_) return;
    try {
        const auto now = look();
        if (!is_ours_ || !identity_.is_same()) return;
        may_have_changed_ = false;
        if (now == noted_) return;
        if (const auto text = text_of(now); text != lock.note()) lock.set_note(text);
        noted_ = now;
    } catch (...) {
        noted_ = {};
        may_have_changed_ = true;  // it is noted the next time
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
    if (const auto found = verify(db, {.most = 1}); !found.is_sound())
        throw error(
            error_kind::corrupt,
            fmt::format("{}: together with its log {} it is damaged ({}); nothing was changed; if another file "
                        "was put in the place of the store, a backup for example, move {} and {}-shm to another "
                        "directory and open the store again; otherwise restore a backup",
                        file_, log, found.damage.front(), log, file_));
}

}  // namespace stele::inline v0::detail
