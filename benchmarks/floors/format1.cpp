#include "benchmarks/contest.hpp"
#include "benchmarks/floors/plain_reader.hpp"

#include <sqlite3.h>

#include <map>
#include <string>

namespace bench {
namespace {

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
)";

// The ids of names, which are added as they come.
class dictionary {
public:
    dictionary(plain_connection& db, const char* find, const char* add)
        : db_(db), find_(db.prepare(find)), add_(db.prepare(add)) {}

    std::int64_t operator[](std::string_view name) {
        const auto known = ids_.find(name);
        if (known != ids_.end()) return known->second;
        return ids_.emplace(name, db_.id_of(name, find_.get(), add_.get())).first->second;
    }

private:
    plain_connection& db_;
    plain_connection::prepared find_, add_;
    std::map<std::string, std::int64_t, std::less<>> ids_;
};

}  // namespace

void copy_as_format1(stele::event_store& store, const std::filesystem::path& to) {
    plain_connection db(to, stele::durability::full);
    db.execute(tables);
    dictionary streams(db, "SELECT id FROM streams WHERE name = ?1", "INSERT INTO streams (name) VALUES (?1)");
    dictionary types(db, "SELECT id FROM types WHERE name = ?1", "INSERT INTO types (name) VALUES (?1)");
    const auto insert = db.prepare("INSERT INTO events VALUES (?1, ?2, ?3, ?4, ?5, ?6, 1, ?7, ?8)");
    auto* const row = insert.get();
    db.begin_filling();
    for (const auto& batch : store.read_all()) {
        check_interrupt();
        for (const auto& event : batch) {
            sqlite3_bind_int64(row, 1, static_cast<std::int64_t>(event.position.value));
            sqlite3_bind_int64(row, 2, streams[event.stream]);
            sqlite3_bind_int64(row, 3, static_cast<std::int64_t>(event.version.value));
            sqlite3_bind_int64(row, 4, types[event.type]);
            bind_blob(row, 5, event.id.as_bytes());
            sqlite3_bind_int64(row, 6, event.recorded_at.time_since_epoch().count());
            bind_blob(row, 7, event.payload);
            bind_blob(row, 8, event.metadata);
            db.run(row);
        }
    }
    db.execute("INSERT INTO type_blocks SELECT DISTINCT type, (position - 1) / 1024 FROM events");
    db.end_filling();
}

}  // namespace bench
