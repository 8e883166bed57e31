// A generation that is being built has one more table, as long as it is a shadow. It is part of the file format of a
// read model (read_model_file.cpp), but never seen in a file that serves by those that know nothing of it.
//
//   stele_shadow  one row
//     boot_id   the run of the machine during which it is written; its rows may be lost when that has ended
//
// The table is made in a transaction of its own once create() has been committed, so that a file that has it is whole.
// It goes with the mark `complete` when the generation shall wait, and once the stable name leads to the file when it
// shall serve: a complete file that still has it was interrupted between the two.

#include "projections/generations/shadow_file.hpp"

#include "projections/sql/read_model_file.hpp"

#include <fmt/format.h>
#include <sqlite3.h>

namespace stele::inline v0::detail {

void begin_shadow(connection& db, std::string_view boot_id) {
    resume_shadow(db);
    db.execute("BEGIN IMMEDIATE; CREATE TABLE stele_shadow (boot_id TEXT NOT NULL) STRICT");
    auto insert = db.prepare("INSERT INTO stele_shadow VALUES (?1)");
    insert.bind_text(1, boot_id);
    insert.run();
    db.execute("COMMIT");
}

std::optional<std::string> shadow_boot_id(connection& db) {
    if (db.integer("SELECT count(*) FROM sqlite_schema WHERE name = 'stele_shadow'") == 0) return {};
    auto row = db.prepare("SELECT boot_id FROM stele_shadow");
    return row.step() ? std::string{row.column_bytes(0)} : std::string{};
}

void resume_shadow(connection& db) {
    db.execute("PRAGMA synchronous = OFF");
}

void sync_file(connection& db) {
    db.execute("PRAGMA wal_checkpoint(TRUNCATE)");
    // SQLite does not sync what it has written without syncs before, so the file is asked itself. (A descriptor of our
    // own would drop SQLite's locks when it is closed.)
    sqlite3_file* file = nullptr;
    if (sqlite3_file_control(db.handle(), "main", SQLITE_FCNTL_FILE_POINTER, static_cast<void*>(&file)) != SQLITE_OK)
        throw error{error_kind::io, fmt::format("{}: cannot be synced", db.file())};
    if (const int code = file->pMethods->xSync(file, SQLITE_SYNC_NORMAL); code != SQLITE_OK)
        throw error{error_kind::io, fmt::format("{}: cannot be synced; check the disk", db.file()), code};
}

void end_shadow(connection& db) {
    use_for_writing(db);
}

void forget_shadow(connection& db) {
    db.execute("DROP TABLE IF EXISTS stele_shadow");
}

}  // namespace stele::inline v0::detail
