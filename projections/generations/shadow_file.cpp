// A generation that is being built has one more table while it is a shadow. It is part of the file format of a read
// model (read_model_file.cpp), but code that does not know it never sees it in a file that serves.
//
//   stele_shadow  one row
//     boot_id   the run of the machine in which it is written; rows may be lost once that run has ended
//
// The table is made in a transaction of its own after create() has been committed, so a file that has it is whole. It
// is removed together with setting `complete` if the generation is to wait, and after the stable name leads to the file
// if it is to serve: a complete file that still has it was interrupted between the two.

#include "projections/generations/shadow_file.hpp"

#include "projections/sql/read_model_file.hpp"

#include <stele/projections/projection_runner.hpp>

#include <fmt/format.h>
#include <sqlite3.h>

#include <fstream>

namespace stele::inline v0::detail {

std::string boot_id_of_machine() {
    // random(4), "boot_id": drawn once each time the machine starts.
    std::ifstream file{"/proc/sys/kernel/random/boot_id"};
    std::string id;
    std::getline(file, id);
    return id;
}

void begin_shadow(connection& db, std::string_view boot_id) {
    resume_shadow(db);
    db.execute("BEGIN IMMEDIATE; CREATE TABLE stele_shadow (boot_id TEXT NOT NULL) STRICT");
    auto insert = db.prepare("INSERT INTO stele_shadow VALUES (?1)");
    insert.bind_text(1, boot_id);
    insert.run();
    db.execute("COMMIT");
}

std::optional<std::string> shadow_boot_id(connection& db) {
    if (!db.has_table("stele_shadow")) return {};
    auto row = db.prepare("SELECT boot_id FROM stele_shadow");
    return row.step() ? std::string{row.column_bytes(0)} : std::string{};
}

void resume_shadow(connection& db) {
    db.execute("PRAGMA synchronous = OFF");
}

void sync_file(connection& db) {
    db.execute("PRAGMA wal_checkpoint(TRUNCATE)");
    // SQLite does not sync what it wrote earlier without syncs, so its file object is called directly. (Closing a
    // descriptor of our own would drop SQLite's locks.)
    sqlite3_file* file = nullptr;
    if (sqlite3_file_control(db.handle(), "main", SQLITE_FCNTL_FILE_POINTER, static_cast<void*>(&file)) != SQLITE_OK)
        throw error{error_kind::io, fmt::format("{}: cannot be synced; check the disk", db.file())};
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
