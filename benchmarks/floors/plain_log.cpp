#include "benchmarks/floors/plain_log.hpp"

#include <sqlite3.h>

#include <chrono>

namespace bench {
namespace {

constexpr const char* textbook_tables = R"(
CREATE TABLE IF NOT EXISTS events (
  position    INTEGER PRIMARY KEY AUTOINCREMENT,
  stream      TEXT NOT NULL,
  version     INTEGER NOT NULL,
  type        TEXT NOT NULL,
  id          BLOB NOT NULL,
  recorded_at INTEGER NOT NULL,
  payload     BLOB NOT NULL,
  metadata    BLOB NOT NULL,
  UNIQUE (stream, version),
  UNIQUE (id)
) STRICT;
)";

constexpr const char* ceiling_tables = R"(
CREATE TABLE IF NOT EXISTS streams (id INTEGER PRIMARY KEY, name TEXT NOT NULL UNIQUE) STRICT;
CREATE TABLE IF NOT EXISTS types (id INTEGER PRIMARY KEY, name TEXT NOT NULL UNIQUE) STRICT;
CREATE TABLE IF NOT EXISTS events (
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
)";

std::int64_t now_us() {
    return std::chrono::duration_cast<std::chrono::microseconds>(std::chrono::system_clock::now().time_since_epoch())
        .count();
}

}  // namespace

plain_log::plain_log(const std::filesystem::path& file, layout kept_as, stele::durability durability)
    : layout_(kept_as), db_(file, durability), type_ids_(event_types.size()) {
    if (layout_ == layout::textbook) {
        db_.execute(textbook_tables);
        insert_ = db_.prepare(
            "INSERT INTO events (stream, version, type, id, recorded_at, payload, metadata) "
            "VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7)");
        return;
    }
    db_.execute(ceiling_tables);
    insert_ = db_.prepare(
        "INSERT INTO events (stream, version, type, id, recorded_at, flags, tags, payload, metadata) "
        "VALUES (?1, ?2, ?3, ?4, ?5, ?6, NULL, ?7, ?8)");
    find_stream_ = db_.prepare("SELECT id FROM streams WHERE name = ?1");
    add_stream_ = db_.prepare("INSERT INTO streams (name) VALUES (?1)");
    find_type_ = db_.prepare("SELECT id FROM types WHERE name = ?1");
    add_type_ = db_.prepare("INSERT INTO types (name) VALUES (?1)");
}

void plain_log::append(const batch& what) {
    db_.begin();
    const auto recorded_at = now_us();
    if (layout_ == layout::ceiling) find_ids(what);
    for (std::size_t i = 0; i < what.events.size(); ++i)
        layout_ == layout::ceiling ? insert(what, i, recorded_at) : insert_by_name(what, i, recorded_at);
    db_.commit();
}

void plain_log::find_ids(const batch& what) {
    if (what.number >= stream_ids_.size()) stream_ids_.resize(what.number + 1);
    auto& stream = stream_ids_[what.number];
    if (stream == 0) stream = db_.id_of(what.stream.str(), find_stream_.get(), add_stream_.get());
    for (std::size_t i = 0; i < what.events.size(); ++i) {
        auto& type = type_ids_[(what.after.value + i) % type_ids_.size()];
        if (type == 0) type = db_.id_of(what.events[i].type, find_type_.get(), add_type_.get());
    }
}

void plain_log::insert(const batch& what, std::size_t index, std::int64_t recorded_at) {
    const auto& event = what.events[index];
    auto* const row = insert_.get();
    sqlite3_bind_int64(row, 1, stream_ids_[what.number]);
    sqlite3_bind_int64(row, 2, static_cast<std::int64_t>(what.after.value + index + 1));
    sqlite3_bind_int64(row, 3, type_ids_[(what.after.value + index) % type_ids_.size()]);
    bind_blob(row, 4, event.id.as_bytes());
    sqlite3_bind_int64(row, 5, recorded_at);
    sqlite3_bind_int64(row, 6, index + 1 == what.events.size());
    bind_blob(row, 7, event.payload);
    bind_blob(row, 8, event.metadata);
    db_.run(row);
}

void plain_log::insert_by_name(const batch& what, std::size_t index, std::int64_t recorded_at) {
    const auto& event = what.events[index];
    const std::uint64_t id[] = {random_(), random_()};
    auto* const row = insert_.get();
    bind_text(row, 1, what.stream.str());
    sqlite3_bind_int64(row, 2, static_cast<std::int64_t>(what.after.value + index + 1));
    bind_text(row, 3, event.type);
    bind_blob(row, 4, {reinterpret_cast<const char*>(id), sizeof id});
    sqlite3_bind_int64(row, 5, recorded_at);
    bind_blob(row, 6, event.payload);
    bind_blob(row, 7, event.metadata);
    db_.run(row);
}

}  // namespace bench
