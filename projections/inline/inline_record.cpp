// The tables of an event store's file for inline projections. Every name here is part of the file format: never change
// one, only add. A library that does not know them appends without them, which the checkpoint reveals.
//
//   stele_inline   one row for each inline projection
//     version, fingerprint   of the projection that made the tables
//     checkpoint             every event up to this position is in the tables, no later one is
//     seen …                 how many events; the check is the promise that none is dropped silently
//   stele_inline_tables   the tables and views that each one's create() made

#include "projections/inline/inline_record.hpp"

#include <fmt/format.h>

namespace stele::inline v0::detail {
namespace {

constexpr const char* tables_of_records = R"(
CREATE TABLE IF NOT EXISTS stele_inline (
  name        TEXT PRIMARY KEY,
  version     INTEGER NOT NULL,
  fingerprint TEXT NOT NULL,
  checkpoint  INTEGER NOT NULL DEFAULT 0,
  seen        INTEGER NOT NULL DEFAULT 0,
  applied     INTEGER NOT NULL DEFAULT 0,
  ignored     INTEGER NOT NULL DEFAULT 0,
  CHECK (seen = applied + ignored)
) STRICT, WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS stele_inline_tables (
  name       TEXT PRIMARY KEY,
  projection TEXT NOT NULL
) STRICT, WITHOUT ROWID;
)";

constexpr const char* columns =
    "SELECT name, version, fingerprint, checkpoint, seen, applied, ignored FROM stele_inline ";

generation_record record_of(const statement& row) {
    generation_record record;
    record.identity = {std::string{row.column_bytes(0)}, row.column_int64(1), std::string{row.column_bytes(2)}};
    record.progress.checkpoint = {row.column_number(3)};
    record.progress.seen = row.column_number(4);
    record.progress.applied = row.column_number(5);
    record.progress.ignored = row.column_number(6);
    return record;
}

connection& with_tables(connection& db) {
    db.execute(tables_of_records);
    return db;
}

}  // namespace

std::vector<generation_record> list_inline_records(connection& db) {
    std::vector<generation_record> all;
    if (!db.has_table("stele_inline")) return all;
    auto rows = db.prepare(fmt::format("{}ORDER BY name", columns));
    while (rows.step()) all.push_back(record_of(rows));
    return all;
}

inline_records::inline_records(connection& db)
    : db_(with_tables(db)),
      find_(db.prepare(fmt::format("{}WHERE name = ?1", columns))),
      save_(db.prepare("UPDATE stele_inline SET checkpoint = ?2, seen = ?3, applied = ?4, ignored = ?5 "
                       "WHERE name = ?1")) {}

std::optional<generation_record> inline_records::find(std::string_view name) {
    const reset_guard done(find_);
    find_.bind_text(1, name);
    if (!find_.step()) return {};
    return record_of(find_);
}

void inline_records::add(const projection_identity& identity, const table_names& tables) {
    for (const auto& table : tables) expect_free(table, identity.name);
    auto add = db_.prepare("INSERT INTO stele_inline (name, version, fingerprint) VALUES (?1, ?2, ?3)");
    add.bind_text(1, identity.name);
    add.bind(2, identity.version);
    add.bind_text(3, identity.fingerprint);
    add.run();
    auto add_table = db_.prepare("INSERT INTO stele_inline_tables (name, projection) VALUES (?1, ?2)");
    for (const auto& table : tables) {
        add_table.bind_text(1, table);
        add_table.bind_text(2, identity.name);
        add_table.run();
    }
}

void inline_records::expect_free(const std::string& table, std::string_view name) {
    auto found = db_.prepare(
        "SELECT coalesce(projection, '') FROM sqlite_schema AS s LEFT JOIN stele_inline_tables AS t ON t.name = s.name "
        "WHERE s.name = ?1 COLLATE NOCASE");
    found.bind_text(1, table);
    if (!found.step()) return;
    const auto owner = std::string{found.column_bytes(0)};
    throw error{
        error_kind::invalid_argument,
        fmt::format("{}: inline projection {} makes the table {}, which exists already and belongs to {}; give the "
                    "table another name",
                    db_.file(), name, table,
                    owner.empty() ? "the event store" : fmt::format("inline projection {}", owner))};
}

void inline_records::save(std::string_view name, const progress& now) {
    save_.bind_text(1, name);
    save_.bind(2, static_cast<std::int64_t>(now.checkpoint.value));
    save_.bind(3, static_cast<std::int64_t>(now.seen));
    save_.bind(4, static_cast<std::int64_t>(now.applied));
    save_.bind(5, static_cast<std::int64_t>(now.ignored));
    save_.run();
}

void inline_records::remove(std::string_view name) {
    std::vector<std::string> drops;
    {
        // Virtual tables go before the tables they keep.
        auto tables = db_.prepare(
            "SELECT format('DROP %s IF EXISTS \"%w\"', s.type, s.name) FROM stele_inline_tables AS t "
            "JOIN sqlite_schema AS s ON s.name = t.name AND s.type IN ('table', 'view') WHERE t.projection = ?1 "
            "ORDER BY s.type = 'table', s.sql NOT LIKE 'CREATE VIRTUAL%'");
        tables.bind_text(1, name);
        while (tables.step()) drops.emplace_back(tables.column_bytes(0));
    }
    for (const auto& drop : drops) db_.execute(drop);
    for (const char* const sql :
         {"DELETE FROM stele_inline_tables WHERE projection = ?1", "DELETE FROM stele_inline WHERE name = ?1"}) {
        auto forget = db_.prepare(sql);
        forget.bind_text(1, name);
        forget.run();
    }
}

}  // namespace stele::inline v0::detail
