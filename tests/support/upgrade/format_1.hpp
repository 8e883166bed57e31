#pragma once

#include <doctest/doctest.h>
#include <sqlite3.h>

#include <array>
#include <cstdint>
#include <filesystem>
#include <functional>
#include <map>
#include <memory>
#include <random>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

/// Stores of file format 1, written and read with plain SQL: the library writes none any more.
namespace testing {

/// A connection of a program without the library.
class plain_database {
public:
    explicit plain_database(const std::filesystem::path& file) {
        sqlite3* db = nullptr;
        REQUIRE(sqlite3_open(file.c_str(), &db) == SQLITE_OK);
        db_.reset(db);
        sqlite3_busy_timeout(db, 5000);
    }

    void execute(const std::string& sql) const {
        REQUIRE_MESSAGE(sqlite3_exec(db_.get(), sql.c_str(), nullptr, nullptr, nullptr) == SQLITE_OK,
                        sqlite3_errmsg(db_.get()) << " in " << sql);
    }

    /// A row is a line, its columns separated by '|'; blobs are in hexadecimal digits.
    [[nodiscard]] std::string rows(const std::string& sql) const {
        std::string text;
        sqlite3_stmt* query = nullptr;
        REQUIRE_MESSAGE(sqlite3_prepare_v2(db_.get(), sql.c_str(), -1, &query, nullptr) == SQLITE_OK,
                        sqlite3_errmsg(db_.get()) << " in " << sql);
        int code = 0;
        while ((code = sqlite3_step(query)) == SQLITE_ROW) {
            for (int i = 0; i < sqlite3_column_count(query); ++i) text += column(query, i) + '|';
            text += '\n';
        }
        sqlite3_finalize(query);
        REQUIRE_MESSAGE(code == SQLITE_DONE, sqlite3_errmsg(db_.get()) << " in " << sql);
        return text;
    }

    [[nodiscard]] std::int64_t integer(const std::string& sql) const { return std::stoll(rows(sql)); }
    [[nodiscard]] sqlite3* handle() const { return db_.get(); }

private:
    static std::string column(sqlite3_stmt* query, int i) {
        const auto* const bytes = static_cast<const unsigned char*>(sqlite3_column_blob(query, i));
        const auto size = static_cast<std::size_t>(sqlite3_column_bytes(query, i));
        switch (sqlite3_column_type(query, i)) {
            case SQLITE_NULL: return "NULL";
            case SQLITE_BLOB: break;
            default: return {reinterpret_cast<const char*>(sqlite3_column_text(query, i))};
        }
        // A large one by its size and a sum that tells two of them apart.
        if (size > 4096) {
            std::uint64_t sum = 14695981039346656037U;
            for (std::size_t at = 0; at < size; ++at) sum = (sum ^ bytes[at]) * 1099511628211U;
            return std::to_string(size) + " bytes, " + std::to_string(sum);
        }
        static constexpr std::string_view digits = "0123456789abcdef";
        std::string text;
        for (std::size_t at = 0; at < size; ++at) {
            text += digits[bytes[at] >> 4U];
            text += digits[bytes[at] & 15U];
        }
        return text;
    }

    struct closer {
        void operator()(sqlite3* db) const { sqlite3_close(db); }
    };
    std::unique_ptr<sqlite3, closer> db_;
};

inline constexpr const char* tables_of_old_stores = R"(
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
CREATE TABLE events (
  position    INTEGER PRIMARY KEY AUTOINCREMENT,
  stream      INTEGER NOT NULL,
  version     INTEGER NOT NULL,
  type        INTEGER NOT NULL,
  id          BLOB NOT NULL,
  recorded_at INTEGER NOT NULL,
  closes_append INTEGER NOT NULL,
  payload     BLOB NOT NULL,
  metadata    BLOB NOT NULL,
  UNIQUE (stream, version),
  UNIQUE (id)
) STRICT;
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

/// Writes a store of format 1. Everything is in the log as long as it lives; then the log is moved into the file.
class old_store_writer {
public:
    explicit old_store_writer(const std::filesystem::path& file, std::uint64_t seed = 1) : db_(file), random_(seed) {
        db_.execute("BEGIN; PRAGMA application_id = 1398031692; PRAGMA user_version = 1;" +
                    std::string(tables_of_old_stores) + "COMMIT; PRAGMA journal_mode = WAL");
        db_.execute("PRAGMA wal_autocheckpoint = 0; PRAGMA synchronous = OFF");
    }

    /// Ids as uuid::v7 makes them, in time order; or any.
    bool ids_in_order = true;

    void append(const std::string& stream, int events, std::size_t payload_bytes = 20,
                const std::string& type = "test.Happened") {
        time_ += static_cast<std::int64_t>(random_() % 9);
        db_.execute("BEGIN");
        for (int i = 0; i < events; ++i) insert(stream, type, random_bytes(payload_bytes), i + 1 == events);
        db_.execute("COMMIT");
    }

    void document(const std::string& kind, const std::string& key, const std::string& value) const {
        db_.execute("INSERT INTO documents VALUES ('" + kind + "', CAST('" + key +
                    "' AS BLOB), (SELECT max(position) "
                    "FROM events), " +
                    std::to_string(time_) + ", CAST('" + value + "' AS BLOB))");
    }

    /// Removes the first versions of a stream (at most 126), as truncate_stream() does; with the states 1 and 2 all.
    void remove(const std::string& stream, std::int64_t up_to, int state = 0) {
        db_.execute("DELETE FROM events WHERE version <= " + std::to_string(up_to) +
                    " AND stream = (SELECT id FROM streams WHERE name = '" + stream + "')");
        db_.execute("UPDATE streams SET removed_up_to = " + std::to_string(up_to) +
                    ", state = " + std::to_string(state) + " WHERE name = '" + stream + "'");
        // As Protobuf writes the record: field 1 is the stream, field 2 of a truncation the first version that stays.
        std::string record = "\x0a" + std::string(1, static_cast<char>(stream.size())) + stream;
        if (state == 0) record += "\x10" + std::string(1, static_cast<char>(up_to + 1));
        const std::array types{"stele.v1.StreamTruncated", "stele.v1.StreamDeleted", "stele.v1.StreamTombstoned"};
        insert("stele-streams", types.at(static_cast<std::size_t>(state)), record, true);
    }

    /// How many events.
    [[nodiscard]] std::uint64_t appended() const { return number_ - 1; }
    [[nodiscard]] const plain_database& db() const { return db_; }
    std::uint64_t random() { return random_(); }

private:
    std::int64_t id_of(const std::string& table, const std::string& name) const {
        db_.execute("INSERT OR IGNORE INTO " + table + " (name) VALUES ('" + name + "')");
        return db_.integer("SELECT id FROM " + table + " WHERE name = '" + name + "'");
    }

    std::string random_bytes(std::size_t count) {
        std::string bytes(count, '\0');
        for (auto& byte : bytes) byte = static_cast<char>(random_());
        return bytes;
    }

    void insert(const std::string& stream, const std::string& type, const std::string& payload, bool closes) {
        const auto type_id = id_of("types", type);
        std::string id(16, '\0');
        for (auto& byte : id) byte = static_cast<char>(random_());
        for (int i = 0; ids_in_order && i < 8; ++i)
            id[static_cast<std::size_t>(i)] = static_cast<char>(number_ >> (56 - 8 * i));
        ++number_;

        sqlite3_stmt* add = nullptr;
        REQUIRE(sqlite3_prepare_v2(db_.handle(),
                                   "INSERT INTO events (stream, version, type, id, recorded_at, closes_append, payload,"
                                   " metadata) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8)",
                                   -1, &add, nullptr) == SQLITE_OK);
        sqlite3_bind_int64(add, 1, id_of("streams", stream));
        sqlite3_bind_int64(add, 2, ++versions_[stream]);
        sqlite3_bind_int64(add, 3, type_id);
        sqlite3_bind_blob(add, 4, id.data(), 16, SQLITE_STATIC);
        sqlite3_bind_int64(add, 5, time_);
        sqlite3_bind_int64(add, 6, closes ? 1 : 0);
        sqlite3_bind_blob64(add, 7, payload.data(), payload.size(), SQLITE_STATIC);
        sqlite3_bind_blob(add, 8,
                          "\x1a\x03"
                          "ann",
                          random_() % 2 == 0 ? 5 : 0, SQLITE_STATIC);
        REQUIRE_MESSAGE(sqlite3_step(add) == SQLITE_DONE, sqlite3_errmsg(db_.handle()));
        sqlite3_finalize(add);
        db_.execute("INSERT OR IGNORE INTO type_blocks SELECT " + std::to_string(type_id) +
                    ", (max(position) - 1) / 1024 FROM events");
    }

    plain_database db_;
    std::mt19937_64 random_;
    std::map<std::string, std::int64_t> versions_;
    std::int64_t time_ = 1'700'000'000'000'000;
    std::uint64_t number_ = 1;
};

/// A store of format 1 with something of everything: streams of many lengths, removed events, a stream that was deleted
/// and one that was tombstoned, documents, event types in several blocks.
inline void fill_old_store(old_store_writer& store, int appends = 60) {
    const auto own = std::to_string(store.appended());
    for (int i = 0; i < appends; ++i) {
        const auto stream = "order-" + std::to_string(store.random() % 7);
        store.append(stream, static_cast<int>(1 + store.random() % 9), store.random() % 60,
                     "test.Type" + std::to_string(store.random() % 4));
        if (i % 10 == 0) store.document("kind", "key " + own + " " + std::to_string(i), "value");
    }
    store.append("gone-" + own, 3);
    store.remove("gone-" + own, 3, 1);
    store.append("closed-" + own, 2);
    store.remove("closed-" + own, 2, 2);
    store.append("cut-" + own, 5);
    store.remove("cut-" + own, 3);
}

/// What others may keep in a store: an inline projection, as the library lists it, and whatever SQL can make.
inline void add_others(const old_store_writer& store) {
    store.db().execute(R"(
CREATE TABLE stele_inline (
  name        TEXT PRIMARY KEY,
  version     INTEGER NOT NULL,
  fingerprint TEXT NOT NULL,
  checkpoint  INTEGER NOT NULL DEFAULT 0,
  seen        INTEGER NOT NULL DEFAULT 0,
  applied     INTEGER NOT NULL DEFAULT 0,
  ignored     INTEGER NOT NULL DEFAULT 0,
  CHECK (seen = applied + ignored)
) STRICT, WITHOUT ROWID;
CREATE TABLE stele_inline_tables (
  name       TEXT PRIMARY KEY,
  projection TEXT NOT NULL
) STRICT, WITHOUT ROWID;
INSERT INTO stele_inline VALUES ('tags', 1, 'f', (SELECT max(position) FROM events), 3, 2, 1);
INSERT INTO stele_inline_tables VALUES ('tags', 'tags'), ('store', 'tags');
CREATE TABLE tags (name TEXT, value, doubled INTEGER GENERATED ALWAYS AS (length(name) * 2) STORED);
INSERT INTO tags (rowid, name, value) VALUES (7, 'a', 1.5), (9, 'b', NULL), (1000, 'c', x'00ff');
CREATE TABLE "store" (id INTEGER PRIMARY KEY AUTOINCREMENT, "a ""strange"" name" TEXT UNIQUE);
INSERT INTO "store" ("a ""strange"" name") VALUES ('x'), ('y'), ('z');
DELETE FROM "store" WHERE id = 3;
CREATE INDEX by_value ON tags (value) WHERE value IS NOT NULL;
CREATE VIEW newest AS SELECT stream, max(version) AS version FROM events GROUP BY stream;
CREATE TRIGGER counted AFTER INSERT ON tags BEGIN INSERT INTO "store" ("a ""strange"" name") VALUES (new.name); END;
CREATE VIRTUAL TABLE words USING fts5(text);
INSERT INTO words VALUES ('the quick brown fox'), ('jumps over');
)");
}

/// Turns a store of today's format, which is closed and has neither tags nor tables of others, into one of format 1
/// that says the same.
inline void downgrade(const std::filesystem::path& file) {
    const auto old = file.string() + ".old";
    {
        const plain_database db(old);
        db.execute("PRAGMA application_id = 1398031692; PRAGMA user_version = 1;" + std::string(tables_of_old_stores));
        db.execute("ATTACH '" + file.string() + "' AS today");
        for (const std::string table : {"streams", "types", "type_blocks", "documents"})
            db.execute("INSERT INTO main." + table + " SELECT * FROM today." + table);
        db.execute(
            "INSERT INTO main.events SELECT position, stream, version, type, id, recorded_at, flags & 1, payload, "
            "metadata FROM today.events ORDER BY position");
    }
    for (const auto* const suffix : {"-wal", "-shm"}) std::filesystem::remove(file.string() + suffix);
    std::filesystem::rename(old, file);
}

/// Everything that a store says, in either format, which an upgrade keeps.
inline std::string contents(const std::filesystem::path& file) {
    const plain_database db(file);
    const bool is_old = db.integer("PRAGMA user_version") == 1;
    auto text = db.rows("SELECT position, stream, version, type, id, recorded_at, " +
                        std::string(is_old ? "closes_append" : "flags & 1") +
                        ", payload, metadata FROM events ORDER BY position");
    for (const auto* const sql :
         {"SELECT * FROM streams ORDER BY id", "SELECT * FROM types ORDER BY id",
          "SELECT * FROM type_blocks ORDER BY type, block", "SELECT * FROM documents ORDER BY kind, key",
          "SELECT name, seq FROM sqlite_sequence ORDER BY name",
          "SELECT type, name, tbl_name, sql FROM sqlite_schema WHERE tbl_name NOT IN ('events') AND name NOT LIKE "
          "'sqlite_%' AND (name NOT GLOB 'stele_*' OR name GLOB 'stele_inline*') ORDER BY type, name"})
        text += "-- " + std::string(sql) + "\n" + db.rows(sql);
    if (db.integer("SELECT count(*) FROM sqlite_schema WHERE name = 'words'") == 1)
        for (const auto* const sql : {"SELECT * FROM stele_inline", "SELECT * FROM stele_inline_tables",
                                      "SELECT rowid, * FROM tags", "SELECT * FROM store", "SELECT * FROM words"})
            text += db.rows(sql);
    return text;
}

}  // namespace testing
