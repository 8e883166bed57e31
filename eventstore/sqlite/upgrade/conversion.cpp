#include "eventstore/sqlite/upgrade/conversion.hpp"

#include "eventstore/hashtree/tile_source.hpp"
#include "eventstore/sqlite/files/event_flags.hpp"
#include "eventstore/sqlite/hashes/build_tiles.hpp"
#include "eventstore/sqlite/index/runs.hpp"
#include "eventstore/sqlite/upgrade/rows.hpp"

#include <stele/eventstore/sqlite/detail/file_format.hpp>

namespace stele::inline v0::detail {
namespace {

// As the indices are written by appends; see index_tables.hpp.
constexpr std::size_t run_positions = 256;
constexpr std::size_t ids_per_block = 64;
constexpr std::size_t check_bytes = 2;

}  // namespace

void conversion::run(std::uint64_t events) {
    // Nobody else sees the file, and if anything fails, it is made again.
    fresh_.execute("PRAGMA locking_mode = EXCLUSIVE; PRAGMA journal_mode = OFF; PRAGMA synchronous = OFF");
    fresh_.execute("PRAGMA cache_size = -65536; BEGIN");
    create_tables(fresh_);
    copy_names_and_documents();
    watch_.begin(upgrade_phase::convert, events);
    convert_events();
    watch_.begin(upgrade_phase::index, events);
    index_streams();
    index_ids();
    hash_events();
    fresh_.execute("COMMIT; PRAGMA synchronous = FULL; BEGIN");
    finish();
    fresh_.execute("COMMIT");
}

void conversion::copy_names_and_documents() {
    copy_rows(old_, fresh_, "SELECT id, name, removed_up_to, state FROM streams ORDER BY id",
              "INSERT INTO streams (id, name, removed_up_to, state) VALUES (?1, ?2, ?3, ?4)");
    copy_rows(old_, fresh_, "SELECT id, name FROM types ORDER BY id", "INSERT INTO types (id, name) VALUES (?1, ?2)");
    copy_rows(old_, fresh_, "SELECT type, block FROM type_blocks ORDER BY type, block",
              "INSERT INTO type_blocks (type, block) VALUES (?1, ?2)");
    copy_rows(old_, fresh_, "SELECT kind, key, position, written_at, value FROM documents ORDER BY kind, key",
              "INSERT INTO documents (kind, key, position, written_at, value) VALUES (?1, ?2, ?3, ?4, ?5)");
}

// Closing an append is the first flag of format 2.
void conversion::convert_events() {
    auto read = old_.prepare(
        "SELECT position, stream, version, type, recorded_at, closes_append, id, payload, metadata FROM events "
        "ORDER BY position");
    auto write = fresh_.prepare(
        "INSERT INTO events (position, stream, version, type, recorded_at, flags, id, payload, metadata) "
        "VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9)");
    while (read.step()) {
        for (int i = 0; i < 5; ++i) write.bind(i + 1, read.column_int64(i));
        const auto id = read.column_bytes(6);
        const bool in_order = id > greatest_id_;
        write.bind(6, read.column_int64(5) | (in_order ? event_flags::id_in_order : 0));
        for (int i = 6; i < 9; ++i) write.bind_blob(i + 1, read.column_bytes(i));
        write.run();
        if (in_order)
            add_to_block(id, read.column_int64(0));
        else
            ++out_of_order_;
        watch_.advance();
    }
    write_block();
}

void conversion::add_to_block(std::string_view id, std::int64_t position) {
    if (block_size_ == 0) block_id_ = id;
    add_varint(block_, static_cast<std::uint64_t>(position - block_position_));
    block_ += id.substr(id.size() - check_bytes);
    block_position_ = position;
    greatest_id_ = id;
    if (++block_size_ == ids_per_block) write_block();
}

void conversion::write_block() {
    if (block_size_ == 0) return;
    auto write = fresh_.prepare("INSERT INTO stele_id_blocks (id, checks) VALUES (?1, ?2)");
    write.bind_blob(1, block_id_);
    write.bind_blob(2, block_);
    write.run();
    block_.clear();
    block_size_ = 0;
    block_position_ = 0;
}

// In the order of the old index, which holds the positions as well.
void conversion::index_streams() {
    auto read = old_.prepare("SELECT stream, version, position FROM events ORDER BY stream, version");
    auto write = fresh_.prepare("INSERT INTO stele_stream_runs (stream, version, positions) VALUES (?1, ?2, ?3)");
    std::int64_t stream = 0;
    std::int64_t first = 0;
    std::int64_t next = 0;
    run_writer run;
    const auto end_run = [&] {
        if (run.empty()) return;
        write.bind(1, stream);
        write.bind(2, first);
        write.bind_blob(3, run.bytes());
        write.run();
        run.clear();
    };
    while (read.step()) {
        const auto version = read.column_int64(1);
        if (stream != read.column_int64(0) || version != next ||
            version - first == static_cast<std::int64_t>(run_positions)) {
            end_run();
            stream = read.column_int64(0);
            first = version;
        }
        run.add(read.column_int64(2));
        next = version + 1;
        watch_.advance();
    }
    end_run();
}

// Usually ids are in time order, and there are none of these.
void conversion::index_ids() {
    if (out_of_order_ == 0) return;
    fresh_.execute(
        "INSERT INTO stele_event_ids (id, position) SELECT id, position FROM events WHERE flags & 2 = 0 ORDER BY id");
}

void conversion::hash_events() {
    constexpr std::size_t tiles_at_once = 64;
    const auto leaves = static_cast<std::uint64_t>(fresh_.integer("SELECT max(position) FROM events"));
    watch_.begin(upgrade_phase::hash, leaves);
    for (std::uint64_t done = 0; done < leaves;) {
        const auto next = build_tiles(fresh_, tiles_at_once) ? leaves : done + tiles_at_once * tile_hashes;
        for (; done < next; ++done) watch_.advance();
    }
}

// The indices hold all events.
void conversion::finish() {
    auto state = fresh_.prepare(
        "UPDATE stele_merge SET merged_up_to = ?1, merging_up_to = ?1, phase = 0, after = x'', greatest_id = ?2 "
        "WHERE id = 1");
    state.bind(1, fresh_.integer("SELECT max(position) FROM events"));
    state.bind_blob(2, greatest_id_);
    state.run();
}

}  // namespace stele::inline v0::detail
