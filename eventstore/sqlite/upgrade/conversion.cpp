#include "eventstore/sqlite/upgrade/conversion.hpp"

#include "eventstore/hashtree/tile_source.hpp"
#include "eventstore/sqlite/files/event_flags.hpp"
#include "eventstore/sqlite/hashes/build_tiles.hpp"
#include "eventstore/sqlite/index/index_tables.hpp"
#include "eventstore/sqlite/index/merge_state.hpp"
#include "eventstore/sqlite/upgrade/rows.hpp"

#include <stele/eventstore/sqlite/detail/file_format.hpp>

#include <iterator>
#include <vector>

namespace stele::inline v0::detail {

void conversion::run(std::uint64_t events) {
    // Nobody else sees the file, and if anything fails, it is made again.
    fresh_.execute("PRAGMA locking_mode = EXCLUSIVE; PRAGMA journal_mode = OFF; PRAGMA synchronous = OFF");
    fresh_.execute("PRAGMA cache_size = -65536; BEGIN");
    create_tables(fresh_, hash_tree_);
    copy_names_and_documents();
    watch_.begin(upgrade_phase::convert, events);
    convert_events();
    watch_.begin(upgrade_phase::index, events);
    index_streams();
    index_ids();
    if (hash_tree_) hash_events();
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
    index_tables tables(fresh_);
    std::vector<id_position> block;
    const auto end_block = [&] {
        if (!block.empty()) tables.put_block(block);
        block.clear();
    };
    while (read.step()) {
        for (int i = 0; i < 5; ++i) write.bind(i + 1, read.column_int64(i));
        const auto id = uuid::from_bytes(read.column_bytes(6)).value();
        const bool in_order = id > greatest_id_;
        write.bind(6, read.column_int64(5) | (in_order ? event_flags::id_in_order : 0));
        for (int i = 6; i < 9; ++i) write.bind_blob(i + 1, read.column_bytes(i));
        write.run();
        if (in_order) {
            greatest_id_ = id;
            block.emplace_back(id, read.column_int64(0));
            if (block.size() == index_tables::ids_per_block) end_block();
        } else {
            ++out_of_order_;
        }
        watch_.advance();
    }
    end_block();
}

// In the order of the old index, which holds the positions as well.
void conversion::index_streams() {
    auto read = old_.prepare("SELECT stream, version, position FROM events ORDER BY stream, version");
    index_tables tables(fresh_);
    std::int64_t stream = 0;
    version_run run;
    while (read.step()) {
        const auto version = read.column_int64(1);
        const bool continues = stream == read.column_int64(0) && version == run.first + std::ssize(run.positions);
        if (!continues || run.positions.size() == index_tables::run_positions) {
            tables.put_stream(stream, run);
            stream = read.column_int64(0);
            run = {version, {}};
        }
        run.positions.push_back(read.column_int64(2));
        watch_.advance();
    }
    tables.put_stream(stream, run);
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
    const auto last = fresh_.integer("SELECT max(position) FROM events");
    merge_state state;
    state.merged = state.merging = last;
    state.greatest_id = greatest_id_;
    merge_row(fresh_).write(state);
}

}  // namespace stele::inline v0::detail
