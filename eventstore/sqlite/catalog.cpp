#include "eventstore/sqlite/catalog.hpp"

#include "eventstore/sqlite/reader_sql.hpp"

#include <stele/eventstore/sqlite/detail/file_format.hpp>

#include <algorithm>

namespace stele::inline v0::detail {
namespace {

// Most entries of the cache of streams; it is dropped as a whole when full.
constexpr std::size_t cached_streams = 100'000;

}  // namespace

catalog::catalog(connection& db, index_writer& index)
    : db_(db),
      index_(index),
      find_stream_(db.prepare("SELECT id, removed_up_to, state FROM streams WHERE name = ?1")),
      add_stream_(db.prepare("INSERT INTO streams (name) VALUES (?1)")),
      update_stream_(db.prepare("UPDATE streams SET removed_up_to = max(removed_up_to, ?2), state = ?3 WHERE id = ?1")),
      find_type_(db.prepare("SELECT id FROM types WHERE name = ?1")),
      add_type_(db.prepare("INSERT INTO types (name) VALUES (?1)")),
      add_block_(db.prepare("INSERT OR IGNORE INTO type_blocks (type, block) VALUES (?1, ?2)")) {}

stream_record catalog::find_stream(const stream_id& name) {
    if (const auto known = streams_.find(name.str()); known != streams_.end()) return known->second;
    stream_record found;
    const reset_guard stream_done(find_stream_);
    find_stream_.bind_text(1, name.str());
    if (find_stream_.step()) {
        found.id = static_cast<std::int64_t>(find_stream_.column_number(0, 1));
        found.last.value = find_stream_.column_number(1);
        found.removed = found.last;
        found.state = to_state(db_, find_stream_.column_number(2));
    }
    if (found.id != 0) {
        const auto last = static_cast<std::uint64_t>(index_.last_version(found.id));
        found.last.value = std::max(found.last.value, last);
    }
    return found;
}

void catalog::add_stream(stream_record& stream, const stream_id& name) {
    add_stream_.bind_text(1, name.str());
    add_stream_.run();
    stream.id = db_.last_insert_rowid();
}

void catalog::update_stream(stream_record& stream, version removed_up_to) {
    stream.removed = std::max(stream.removed, removed_up_to);
    update_stream_.bind(1, stream.id);
    update_stream_.bind(2, to_integer(removed_up_to.value));
    update_stream_.bind(3, static_cast<std::int64_t>(stream.state));
    update_stream_.run();
}

void catalog::remember(const stream_id& name, const stream_record& stream) {
    if (streams_.size() >= cached_streams) streams_.clear();
    streams_[name.str()] = stream;
}

type_entry& catalog::find_type(const std::string& name) {
    if (const auto known = types_.find(name); known != types_.end()) return known->second;
    const reset_guard done(find_type_);
    find_type_.bind_text(1, name);
    auto id = find_type_.step() ? static_cast<std::int64_t>(find_type_.column_number(0, 1)) : 0;
    if (id == 0) {
        add_type_.bind_text(1, name);
        add_type_.run();
        id = db_.last_insert_rowid();
    }
    return types_.emplace(name, type_entry{id}).first->second;
}

void catalog::list_block(type_entry& type, std::int64_t position) {
    const auto block = (position - 1) / positions_per_block;
    if (type.block == block) return;
    add_block_.bind(1, type.id);
    add_block_.bind(2, block);
    add_block_.run();
    type.block = block;
}

void catalog::forget() noexcept {
    streams_.clear();
    types_.clear();
}

}  // namespace stele::inline v0::detail
