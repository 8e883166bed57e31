#pragma once

#include "eventstore/hashtree/tree.hpp"
#include "eventstore/sqlite/files/event_flags.hpp"
#include "eventstore/sqlite/hashes/tile_reader.hpp"
#include "eventstore/sqlite/hashes/tile_writer.hpp"
#include "eventstore/sqlite/hashes/verify_leaves.hpp"
#include "support/temp_dir.hpp"

#include <stele/eventstore/hashtree/leaf.hpp>
#include <stele/eventstore/sqlite/detail/connection.hpp>

#include <doctest/doctest.h>

#include <chrono>
#include <string>
#include <vector>

namespace testing {

/// The tables that a hash tree is made of and from; those of file format 2.
inline constexpr const char* hashed_tables = R"(
CREATE TABLE streams (id INTEGER PRIMARY KEY, name TEXT NOT NULL UNIQUE, removed_up_to INTEGER NOT NULL DEFAULT 0,
  state INTEGER NOT NULL DEFAULT 0) STRICT;
CREATE TABLE types (id INTEGER PRIMARY KEY, name TEXT NOT NULL UNIQUE) STRICT;
CREATE TABLE stele_tags (id INTEGER PRIMARY KEY, name TEXT NOT NULL UNIQUE) STRICT;
CREATE TABLE events (position INTEGER PRIMARY KEY AUTOINCREMENT, stream INTEGER NOT NULL, version INTEGER NOT NULL,
  type INTEGER NOT NULL, id BLOB NOT NULL, recorded_at INTEGER NOT NULL, flags INTEGER NOT NULL, tags BLOB,
  payload BLOB NOT NULL, metadata BLOB NOT NULL) STRICT;
CREATE TABLE stele_hash_tiles (level INTEGER NOT NULL, tile INTEGER NOT NULL, hashes BLOB NOT NULL,
  PRIMARY KEY (level, tile)) STRICT, WITHOUT ROWID;
CREATE TABLE stele_open_leaves (position INTEGER PRIMARY KEY, hashes BLOB NOT NULL) STRICT;
CREATE TABLE stele_store (name TEXT PRIMARY KEY, value BLOB NOT NULL) STRICT, WITHOUT ROWID;
INSERT INTO streams (id, name) VALUES (1, 'order-1'), (2, 'order-2'), (3, 'ship-1');
INSERT INTO types (id, name) VALUES (1, 'shop.OrderPlaced'), (2, 'shop.OrderShipped');
INSERT INTO stele_tags (id, name) VALUES (5, 'order:7'), (200, 'item:lamp'), (90000, 'buyer:ann');
)";

/// What the numbers in a row mean.
inline constexpr std::string_view stream_names[] = {"", "order-1", "order-2", "ship-1"};
inline constexpr std::string_view type_names[] = {"", "shop.OrderPlaced", "shop.OrderShipped"};

/// An event of the file at this position: what is in it follows from the position, and from a number by which those
/// differ that had the same position in a transaction that was rolled back.
inline stele::owned_event event_at(std::uint64_t where, std::uint32_t salt = 0) {
    stele::owned_event event;
    event.position = {where};
    event.version = {where / 3 + 1};
    event.recorded_at = stele::timestamp{std::chrono::microseconds{1'700'000'000'000'000 + where}};
    event.id = stele::uuid::v5({}, std::to_string(where));
    event.stream = stream_names[1 + where % 3];
    event.type = type_names[1 + where % 2];
    event.payload = std::string(where % 7, 'p') + std::to_string(where) + std::string(salt == 0 ? 0 : 1, '/');
    if (salt != 0) event.payload += std::to_string(salt);
    event.metadata = where % 4 == 0 ? "" : "m" + std::to_string(where);
    event.content = static_cast<stele::event_content>(where % 3);
    event.foreign_metadata = where % 5 == 0;
    if (where % 11 == 0)
        event.tags = {"order:7", "item:lamp", "buyer:ann"};
    else if (where % 6 == 0)
        event.tags = {"item:lamp"};
    return event;
}

inline stele::tree_hash leaf_at(std::uint64_t where, std::uint32_t salt = 0) {
    const auto event = event_at(where, salt);
    return stele::leaf_hash(event.view());
}

/// The leaves of the first so many events.
inline std::vector<stele::tree_hash> leaves_at(std::size_t count) {
    static std::vector<stele::tree_hash> known;
    while (known.size() < count) known.push_back(leaf_at(known.size() + 1));
    return {known.begin(), known.begin() + static_cast<std::ptrdiff_t>(count)};
}

/// A connection to a file with these tables, as the writer of a process has one.
class hashed_file {
public:
    explicit hashed_file(const std::filesystem::path& file)
        : db_(file, stele::detail::open_mode::create),
          tiles_((prepare(), db_)),
          add_(db_.prepare("INSERT INTO events VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10)")),
          head_(db_.prepare("SELECT max(position) FROM events")) {}

    void begin() {
        db_.execute("BEGIN IMMEDIATE");
        tiles_.begin(head());
    }
    /// Appends so many events, of which the writer is told.
    void append(std::size_t count, std::uint32_t salt = 0) {
        for (std::size_t i = 0; i < count; ++i) tiles_.add(leaf_at(insert(salt), salt));
    }
    /// Adds an event to the table alone.
    std::uint64_t insert(std::uint32_t salt = 0) {
        const auto where = head() + 1;
        const auto event = event_at(where, salt);
        const stele::detail::reset_guard done(add_);
        add_.bind(1, static_cast<std::int64_t>(where));
        add_.bind(2, static_cast<std::int64_t>(1 + where % 3));
        add_.bind(3, static_cast<std::int64_t>(event.version.value));
        add_.bind(4, static_cast<std::int64_t>(1 + where % 2));
        add_.bind_blob(5, event.id.as_bytes());
        add_.bind(6, event.recorded_at.time_since_epoch().count());
        const stele::event_data data{.content = event.content, .foreign_metadata = event.foreign_metadata};
        add_.bind(7, stele::detail::flags_of(data, true, where % 2 == 0));
        const std::string_view many("\x05\xC3\x01\xC8\xBD\x05", 6);  // 5, 200 − 5, 90 000 − 200
        const std::string_view one("\xC8\x01", 2);                   // 200
        if (where % 11 == 0 || where % 6 == 0)
            add_.bind_blob(8, where % 11 == 0 ? many : one);
        else
            add_.bind_null(8);
        add_.bind_blob(9, event.payload);
        add_.bind_blob(10, event.metadata);
        add_.run();
        return where;
    }
    void remove(std::uint64_t where) {
        auto remove = db_.prepare("DELETE FROM events WHERE position = ?1");
        remove.bind(1, static_cast<std::int64_t>(where));
        remove.run();
        tiles_.keep_leaves();
    }
    void commit() {
        tiles_.write();
        db_.execute("COMMIT");
    }
    void roll_back() {
        db_.execute("ROLLBACK");
        tiles_.forget();
    }
    /// As a store that is closed.
    void close() {
        begin();
        tiles_.write_all();
        db_.execute("COMMIT");
    }
    void append_and_commit(std::size_t count) {
        begin();
        append(count);
        commit();
    }

    [[nodiscard]] std::uint64_t head() {
        const stele::detail::reset_guard done(head_);
        return head_.step() ? head_.column_number(0) : 0;
    }
    [[nodiscard]] stele::tree_hash root(std::uint64_t size) {
        stele::detail::tile_reader reader(db_, cache_);
        return stele::detail::tree_hash_of(reader, size);
    }
    /// What verifying the file finds, in the events of a range and in all tiles.
    [[nodiscard]] std::vector<std::string> damage(stele::position after = {},
                                                  stele::position up_to = stele::position::max()) {
        std::vector<std::string> found;
        const auto add = [&](const std::string& what) {
            found.push_back(what);
            return found.size() < 1000;
        };
        stele::detail::verify_leaves(db_, after, up_to, add);
        stele::detail::verify_tiles(db_, add);
        return found;
    }
    [[nodiscard]] stele::detail::connection& db() { return db_; }
    [[nodiscard]] stele::detail::tile_writer& tiles() { return tiles_; }

private:
    void prepare() {
        if (!db_.has_table("events")) db_.execute(hashed_tables);
    }

    stele::detail::connection db_;
    stele::detail::tile_hash_cache cache_;
    stele::detail::tile_writer tiles_;
    stele::detail::statement add_, head_;
};

}  // namespace testing
