// The file format. Every number and name here is part of it: never change one, only add, with a new format number.
//
//   streams   id <-> name of a stream. Rows are never removed.
//     removed_up_to  events up to this version were removed; later versions continue after it
//     state          0 live, 1 deleted (may be started again), 2 closed permanently
//   types, stele_tags   id <-> name of an event type or tag. Rows are never removed.
//   events    one row per event, in commit order.
//     position     1, 2, 3, …; AUTOINCREMENT: never assigned twice, and no gap after a rollback (which undoes it too).
//                  Without it a commit of one event, not synced, takes 14 µs instead of 24, for a page less. But that
//                  page is the second place where each commit says how far the log is, and the only one that tells a
//                  log from that of another file where both lack what was written in between
//     version      1, 2, 3, … within the stream
//     id           16 bytes; unique, so a repeated append is always recognised
//     recorded_at  microseconds since 1970, UTC; never smaller than in the row before
//     flags        see event_flags.hpp
//     tags         the ids of its tags as a run (see index/runs.hpp), or NULL
//     payload, metadata   the bytes as given, possibly empty but never NULL
//   type_blocks   which blocks of 1024 positions (position - 1 divided by 1024) hold events of a type. A filtered read
//                 skips the others. A listed block may hold none any more, but a block with events is always listed.
//   stele_stream_runs, stele_tag_runs, stele_event_ids, stele_id_blocks, stele_merge   the indices: see
//                 index/README.md
//   stele_added_tags, stele_added_positions   tags that events were given after they were stored, as runs by event, and
//                 by tag; stele_tagging: how far the keys of such tags are for each type of event
//   stele_hash_tiles, stele_open_leaves   the hash tree
//   documents     values beside the events, by kind and key (see document.hpp); position and written_at are those of
//                 the append that wrote it
//   stele_store   what holds for the whole file: `id` is 16 random bytes by which a copy of this store is known, and
//                 `hash_tree` is there, with the value `off`, if there is no hash tree
//
// Tables that came with format 2 are named stele_…, because a projection may have made any other name its own. Others
// may keep tables of their own in the file; see append_participant.hpp.
//
// Integer ids for streams and types instead of their names halve the size of the file and double the append rate. No
// index of SQLite's is over the events: it would cost an insertion at a random place for each. An index over the types
// would cost a row per event; type_blocks costs one per type and block.

#include "eventstore/sqlite/files/definitions.hpp"
#include "eventstore/sqlite/files/event_flags.hpp"

#include <stele/eventstore/detail/own_file.hpp>
#include <stele/eventstore/detail/stored_number.hpp>
#include <stele/eventstore/sqlite/detail/file_format.hpp>
#include <stele/eventstore/sqlite/detail/file_header.hpp>

#include <fmt/format.h>

namespace stele::inline v0::detail {
namespace {

constexpr std::int64_t format_version = 2;

constexpr const char* tables = R"(
CREATE TABLE streams (
  id   INTEGER PRIMARY KEY,
  name TEXT NOT NULL UNIQUE,
  removed_up_to INTEGER NOT NULL DEFAULT 0,
  state INTEGER NOT NULL DEFAULT 0
) STRICT;
CREATE TABLE types (
  id   INTEGER PRIMARY KEY,
  name TEXT NOT NULL UNIQUE
) STRICT;
CREATE TABLE stele_tags (
  id   INTEGER PRIMARY KEY,
  name TEXT NOT NULL UNIQUE
) STRICT;
CREATE TABLE events (
  position    INTEGER PRIMARY KEY AUTOINCREMENT,
  stream      INTEGER NOT NULL,
  version     INTEGER NOT NULL,
  type        INTEGER NOT NULL,
  id          BLOB NOT NULL,
  recorded_at INTEGER NOT NULL,
  flags       INTEGER NOT NULL,
  tags        BLOB,
  payload     BLOB NOT NULL,
  metadata    BLOB NOT NULL
) STRICT;
CREATE TABLE stele_stream_runs (
  stream    INTEGER NOT NULL,
  version   INTEGER NOT NULL,
  positions BLOB NOT NULL,
  PRIMARY KEY (stream, version)
) STRICT, WITHOUT ROWID;
CREATE TABLE stele_tag_runs (
  tag       INTEGER NOT NULL,
  position  INTEGER NOT NULL,
  positions BLOB NOT NULL,
  PRIMARY KEY (tag, position)
) STRICT, WITHOUT ROWID;
CREATE TABLE stele_added_tags (
  position INTEGER PRIMARY KEY,
  tags     BLOB NOT NULL
) STRICT;
CREATE TABLE stele_added_positions (
  tag      INTEGER NOT NULL,
  position INTEGER NOT NULL,
  PRIMARY KEY (tag, position)
) STRICT, WITHOUT ROWID;
CREATE TABLE stele_tagging (
  key   TEXT NOT NULL,
  type  TEXT NOT NULL,
  up_to INTEGER NOT NULL,
  goal  INTEGER NOT NULL,
  since INTEGER NOT NULL,
  PRIMARY KEY (key, type)
) STRICT, WITHOUT ROWID;
CREATE TABLE stele_event_ids (
  id       BLOB PRIMARY KEY,
  position INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
CREATE TABLE stele_id_blocks (
  id     BLOB PRIMARY KEY,
  checks BLOB NOT NULL
) STRICT, WITHOUT ROWID;
CREATE TABLE stele_merge (
  id            INTEGER PRIMARY KEY,
  merged_up_to  INTEGER NOT NULL,
  merging_up_to INTEGER NOT NULL,
  phase         INTEGER NOT NULL,
  after         BLOB NOT NULL,
  greatest_id   BLOB NOT NULL
) STRICT;
CREATE TABLE stele_hash_tiles (
  level  INTEGER NOT NULL,
  tile   INTEGER NOT NULL,
  hashes BLOB NOT NULL,
  PRIMARY KEY (level, tile)
) STRICT, WITHOUT ROWID;
CREATE TABLE stele_open_leaves (
  position INTEGER PRIMARY KEY,
  hashes   BLOB NOT NULL
) STRICT;
CREATE TABLE stele_store (
  name  TEXT PRIMARY KEY,
  value BLOB NOT NULL
) STRICT, WITHOUT ROWID;
CREATE TABLE type_blocks (
  type  INTEGER NOT NULL,
  block INTEGER NOT NULL,
  PRIMARY KEY (type, block)
) STRICT, WITHOUT ROWID;
CREATE TABLE documents (
  kind       TEXT NOT NULL,
  key        BLOB NOT NULL,
  position   INTEGER NOT NULL,
  written_at INTEGER NOT NULL,
  value      BLOB NOT NULL,
  PRIMARY KEY (kind, key)
) STRICT, WITHOUT ROWID;
)";

// A new store: nothing is merged, and it has an identity.
constexpr const char* first_rows =
    "INSERT INTO stele_merge VALUES (1, 0, 0, 0, x'', zeroblob(16)); "
    "INSERT INTO stele_store VALUES ('id', randomblob(16))";

void check_format(const std::string& file, std::int64_t application, std::int64_t format) {
    if (application != event_store_application_id)
        throw error(error_kind::foreign_file,
                    fmt::format("{}: is an SQLite file, but not an event store (application id {:#x}, expected {:#x}); "
                                "it was not changed; use another name",
                                file, application, event_store_application_id));
    if (format < 1) throw wrong_number(fmt::format("{}: the number of its format", file), std::to_string(format));
    if (format > format_version)
        throw error(error_kind::newer_format,
                    fmt::format("{}: has file format {}, this library knows up to {}; it was not changed; use a newer "
                                "version of the library",
                                file, format, format_version));
    if (format < format_version) throw needs_upgrade(file);
}

bool holds_bytes(const std::filesystem::path& file) {
    return size_of(file).value_or(0) > 0;
}

// The first transaction is synced before there is a WAL, so a WAL alone is the rest of a store.
void check_alone(const std::filesystem::path& file) {
    const auto wal = file.string() + "-wal";
    expect_regular_or_absent(wal);
    if (holds_bytes(wal))
        throw error(
            error_kind::corrupt,
            fmt::format("{}: is empty or missing, but {} holds events; nothing was changed; put back the file that "
                        "belongs to it, or restore a backup; for a new store, use another name",
                        file.string(), wal));
}

// What the store says about itself. An index that claims events which were never appended hides later ones.
void expect_own_rows(connection& db, std::int64_t last) {
    auto query = db.prepare(
        "SELECT (SELECT count(*) FROM stele_merge), merged_up_to, merging_up_to, (SELECT length(value) FROM "
        "stele_store WHERE name = 'id') FROM stele_merge WHERE id = 1");
    if (!query.step() || query.column_int64(0) != 1 || query.column_int64(3) != 16)
        throw db.damage("the id of the store, or how far its indices reach, is missing; nothing was changed");
    const auto merged = query.column_int64(1);
    const auto merging = query.column_int64(2);
    if (merged < 0 || merging < merged || merging > last)
        throw db.damage(
            fmt::format("its indices hold the events up to position {}, and soon to {}, but the last event "
                        "is at {}; nothing was changed",
                        merged, merging, last));
}

}  // namespace

void expect_definitions(connection& db) {
    static const auto expected = definitions_of(tables);
    expect_definitions(db, expected, format_version);
    expect_nothing_added(db);
}

// The two ends of the log agree: what is missing at its end, or was never given, is told before anything is appended.
void expect_whole_end(connection& db) {
    auto query = db.prepare(
        "SELECT e.position, s.seq, n.id IS NOT NULL AND t.id IS NOT NULL, b.block IS NOT NULL, e.flags, length(e.id) "
        "FROM sqlite_sequence AS s "
        "LEFT JOIN events AS e ON e.position = (SELECT max(position) FROM events) "
        "LEFT JOIN streams AS n ON n.id = e.stream LEFT JOIN types AS t ON t.id = e.type "
        "LEFT JOIN type_blocks AS b ON b.type = e.type AND b.block = (e.position - 1) / 1024 WHERE s.name = 'events'");
    const bool any = query.step();
    const auto last = any ? query.column_int64(0) : 0;
    if (any ? last != query.column_int64(1) : db.integer("SELECT count(*) FROM events") != 0)
        throw db.damage(fmt::format("the last event is at position {}, but {} were appended; nothing was changed", last,
                                    any ? query.column_int64(1) : 0));
    if (any && (query.column_int64(2) == 0 || query.column_int64(3) == 0))
        throw db.damage(
            fmt::format("the stream, the type or the block of the last event, at position {}, is missing; "
                        "nothing was changed",
                        last));
    const auto flags = query.column_int64(4);
    if (any &&
        ((flags & event_flags::closes_append) == 0 || (flags & ~event_flags::all) != 0 || query.column_int64(5) != 16))
        throw db.damage(
            fmt::format("the last event, at position {}, has the flags {} and an id of {} bytes, which is "
                        "never written; nothing was changed",
                        last, flags, query.column_int64(5)));
    expect_own_rows(db, last);
}

file_state inspect(const std::filesystem::path& file, const connection_options& options) {
    const auto header = read_file_header(file, options);
    const auto special = what_is_there(file);
    const auto found = special.empty() ? "not an SQLite file" : special;
    switch (header.kind) {
        case file_header::content::nothing: check_alone(file); return file_state::absent_or_empty;
        case file_header::content::unwritten:
            // Interrupted in its first transaction, which SQLite rolls back with the journal.
            if (holds_bytes(file.string() + "-journal")) return file_state::absent_or_empty;
            [[fallthrough]];
        case file_header::content::other:
            throw error(
                error_kind::foreign_file,
                fmt::format("{}: is {}; {}", file.string(), found,
                            found == "a directory" ? "name a file in it" : "it was not changed; use another name"));
        case file_header::content::sqlite: break;
    }
    if (header.application_id == 0 && !header.has_tables) return file_state::absent_or_empty;
    check_format(file.string(), header.application_id, header.user_version);
    return file_state::store;
}

void check_tables(connection& db) {
    check_format(db.file(), db.integer("PRAGMA application_id"), db.integer("PRAGMA user_version"));
    expect_definitions(db);
    expect_whole_end(db);
}

void create_tables(connection& db, bool hash_tree) {
    db.execute(fmt::format("PRAGMA application_id = {}; PRAGMA user_version = {}", event_store_application_id,
                           format_version));
    db.execute(tables);
    db.execute(first_rows);
    if (!hash_tree) db.execute("INSERT INTO stele_store VALUES ('hash_tree', CAST('off' AS BLOB))");
}

void prepare_tables(connection& db, bool hash_tree) {
    db.execute("BEGIN IMMEDIATE");
    try {
        const bool empty = db.integer("SELECT count(*) FROM sqlite_schema") == 0;
        if (!empty) {
            check_tables(db);
        } else {
            create_tables(db, hash_tree);
        }
        db.execute("COMMIT");
    } catch (...) {
        db.try_execute("ROLLBACK");
        throw;
    }
}

}  // namespace stele::inline v0::detail
