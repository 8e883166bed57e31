#include "eventstore/sqlite/tags/tag_rows.hpp"

namespace stele::inline v0::detail {
namespace {

constexpr const char* tables =
    "CREATE TABLE IF NOT EXISTS stele_tags (id INTEGER PRIMARY KEY, name TEXT NOT NULL UNIQUE) STRICT; "
    "CREATE TABLE IF NOT EXISTS stele_event_tags (position INTEGER PRIMARY KEY, tags BLOB NOT NULL) STRICT";

connection& with_tables(connection& db) {
    db.execute(tables);
    return db;
}

}  // namespace

tag_writer::open_tables::open_tables(connection& db)
    : ids(with_tables(db)),
      add(db.prepare("INSERT INTO stele_event_tags (position, tags) VALUES (?1, ?2)")),
      remove(db.prepare("DELETE FROM stele_event_tags WHERE position IN "
                        "(SELECT position FROM events WHERE stream = ?1 AND version <= ?2)")) {}

void tag_writer::add(std::int64_t position, tags_view tags) {
    if (tags.empty()) return;
    if (!tables_) tables_.emplace(db_);
    tables_->add.bind(1, position);
    const auto packed = tables_->ids.pack(tags);
    tables_->add.bind_blob(2, packed);
    tables_->add.run();
}

void tag_writer::remove(std::int64_t stream, std::int64_t up_to) {
    if (!tables_ && db_.integer("SELECT count(*) FROM sqlite_schema WHERE name = 'stele_event_tags'") == 0) return;
    if (!tables_) tables_.emplace(db_);
    tables_->remove.bind(1, stream);
    tables_->remove.bind(2, up_to);
    tables_->remove.run();
}

void tag_writer::forget() noexcept {
    tables_.reset();
}

tag_reader::open_tables::open_tables(connection& db)
    : names(db), find(db.prepare("SELECT tags FROM stele_event_tags WHERE position = ?1")) {}

void tag_reader::begin() {
    if (tables_) return;
    const reset_guard done(exists_);
    if (exists_.step()) tables_.emplace(db_);
}

tags_view tag_reader::of(std::uint64_t position) {
    if (!tables_) return {};
    const reset_guard done(tables_->find);
    tables_->find.bind(1, static_cast<std::int64_t>(position));
    return tables_->find.step() ? tables_->names.unpack(tables_->find.column_bytes(0), position) : tags_view{};
}

}  // namespace stele::inline v0::detail
