#include "eventstore/sqlite/upgrade/comparison.hpp"

#include "eventstore/hashtree/leaf.hpp"
#include "eventstore/sqlite/hashes/hash_rows.hpp"
#include "eventstore/sqlite/hashes/verify_leaves.hpp"
#include "eventstore/sqlite/index/runs.hpp"
#include "eventstore/sqlite/upgrade/other_tables.hpp"
#include "eventstore/sqlite/upgrade/rows.hpp"

#include <stele/eventstore/hashtree/leaf.hpp>
#include <stele/eventstore/sqlite/detail/file_format.hpp>

#include <fmt/format.h>

#include <chrono>
#include <optional>
#include <utility>

namespace stele::inline v0::detail {
namespace {

constexpr std::int64_t flag_closes = 1;
constexpr std::int64_t flag_in_order = 2;

constexpr std::pair<const char*, const char*> same_in_both[] = {
    {"the streams", "SELECT * FROM streams ORDER BY id"},
    {"the event types", "SELECT * FROM types ORDER BY id"},
    {"the blocks of types", "SELECT * FROM type_blocks ORDER BY type, block"},
    {"the documents", "SELECT * FROM documents ORDER BY kind, key"},
    {"the last position", "SELECT name, seq FROM sqlite_sequence ORDER BY name"},
};

/// The ids in order, as the rows of stele_id_blocks list them.
class listed_ids {
public:
    explicit listed_ids(connection& fresh)
        : fresh_(fresh), rows_(fresh.prepare("SELECT id, checks FROM stele_id_blocks ORDER BY id")) {}

    void expect(std::string_view id, std::int64_t position) {
        auto listed = rest_.next();
        const bool is_first = !listed && rows_.step();
        if (is_first) {
            rest_ = run_reader(rows_.column_bytes(1));
            listed = rest_.next();
        }
        if (listed != position || rest_.take(2) != id.substr(14) || (is_first && rows_.column_bytes(0) != id))
            differ(fresh_, fmt::format("the entry of the id of the event at position {}", position));
    }
    void expect_end() {
        if (rest_.next() || rows_.step()) differ(fresh_, "the number of listed ids");
    }

private:
    connection& fresh_;
    statement rows_;
    run_reader rest_{""};
};

/// Where the events of streams are, as the rows of stele_stream_runs list them.
class listed_versions {
public:
    explicit listed_versions(connection& fresh)
        : fresh_(fresh),
          rows_(fresh.prepare("SELECT stream, version, positions FROM stele_stream_runs ORDER BY stream, version")) {}

    void expect(std::int64_t stream, std::int64_t version, std::int64_t position) {
        auto listed = rest_.next();
        if (!listed && rows_.step()) {
            rest_ = run_reader(rows_.column_bytes(2));
            next_ = rows_.column_int64(1);
            listed = rest_.next();
        }
        if (listed != position || next_++ != version || rows_.column_int64(0) != stream)
            differ(fresh_,
                   fmt::format("the entry of version {} of stream {}, at position {}", version, stream, position));
    }
    void expect_end() {
        if (rest_.next() || rows_.step()) differ(fresh_, "the number of listed versions");
    }

private:
    connection& fresh_;
    statement rows_;
    run_reader rest_{""};
    std::int64_t next_ = 0;
};

/// The leaves of all positions, as tiles and open leaves list them.
class listed_leaves {
public:
    explicit listed_leaves(connection& fresh)
        : fresh_(fresh),
          rows_(fresh.prepare("SELECT hashes FROM (SELECT 0 AS kind, tile AS place, hashes FROM stele_hash_tiles WHERE "
                              "level = 0 UNION ALL SELECT 1, position, hashes FROM stele_open_leaves) ORDER BY kind, "
                              "place")) {}

    void expect(const recorded_event& event) {
        // Of events that were removed nothing but their positions is known.
        while (position_ + 1 < event.position.value) expect(leaf_of_unknown({position_ + 1}));
        expect(leaf_hash(event));
    }
    void expect_end() {
        if (!rest_.empty() || rows_.step()) differ(fresh_, "the number of leaves in the hash tree");
    }

private:
    void expect(const tree_hash& leaf) {
        ++position_;
        if (rest_.empty() && rows_.step()) rest_ = rows_.column_bytes(0);
        if (!rest_.starts_with(leaf.as_bytes()))
            differ(fresh_, fmt::format("the leaf of position {} in the hash tree", position_));
        rest_.remove_prefix(sizeof leaf);
    }

    connection& fresh_;
    statement rows_;
    std::string_view rest_;
    std::uint64_t position_ = 0;
};

// The event at which the old file stands, as it was appended: in format 1 all are messages, and none has tags.
recorded_event old_event(const statement& row, std::string_view stream, std::string_view type) {
    recorded_event event;
    event.position.value = static_cast<std::uint64_t>(row.column_int64(0));
    event.version.value = static_cast<std::uint64_t>(row.column_int64(2));
    event.stream = stream;
    event.type = type;
    event.id = uuid::from_bytes(row.column_bytes(4)).value();
    event.recorded_at = timestamp{std::chrono::microseconds{row.column_int64(5)}};
    event.payload = row.column_bytes(6);
    event.metadata = row.column_bytes(7);
    return event;
}

// Returns the greatest id in order. The ids that are out of order are counted.
std::string expect_same_events(connection& old, connection& fresh, std::int64_t& out_of_order, upgrade_watch& watch) {
    constexpr int same_columns = 8;
    auto left = old.prepare(
        "SELECT position, stream, version, type, e.id, recorded_at, payload, metadata, closes_append, s.name, t.name "
        "FROM events AS e CROSS JOIN streams AS s ON s.id = stream CROSS JOIN types AS t ON t.id = type ORDER BY "
        "position");
    auto right = fresh.prepare(
        "SELECT position, stream, version, type, id, recorded_at, payload, metadata, flags, tags FROM events "
        "ORDER BY position");
    listed_ids listed(fresh);
    listed_leaves leaves(fresh);
    const bool has_tree = has_hash_tree(fresh);
    std::string greatest(16, '\0');
    while (left.step()) {
        const auto position = left.column_int64(0);
        const auto id = left.column_bytes(4);
        const bool in_order = id.compare(greatest) > 0;
        const auto flags = (left.column_int64(8) == 1 ? flag_closes : 0) + (in_order ? flag_in_order : 0);
        if (!right.step() || !is_same_row(left, right, same_columns) || right.column_int64(8) != flags ||
            !right.column_is_null(9))
            differ(fresh, fmt::format("the event at position {}", position));
        if (has_tree) leaves.expect(old_event(left, left.column_bytes(9), left.column_bytes(10)));
        if (in_order) {
            listed.expect(id, position);
            greatest = id;
        } else {
            ++out_of_order;
        }
        watch.advance();
    }
    if (right.step()) differ(fresh, "the number of events");
    listed.expect_end();
    leaves.expect_end();  // without a tree there are none
    return greatest;
}

void expect_listed_streams(connection& old, connection& fresh) {
    auto versions = old.prepare("SELECT stream, version, position FROM events ORDER BY stream, version");
    listed_versions listed(fresh);
    while (versions.step()) listed.expect(versions.column_int64(0), versions.column_int64(1), versions.column_int64(2));
    listed.expect_end();
}

void expect_listed_ids(connection& fresh, std::int64_t out_of_order) {
    const auto right = fresh.integer(
        "SELECT count(*) FROM stele_event_ids AS i JOIN events AS e ON e.position = i.position AND e.id = i.id AND "
        "e.flags & 2 = 0");
    if (right != out_of_order || fresh.integer("SELECT count(*) FROM stele_event_ids") != out_of_order)
        differ(fresh, "the list of ids that are not in time order");
}

void expect_merged(connection& fresh, std::string_view greatest_id) {
    auto row = fresh.prepare(
        "SELECT merged_up_to = last AND merging_up_to = last AND phase = 0 AND after = x'', greatest_id FROM "
        "stele_merge, (SELECT coalesce(max(position), 0) AS last FROM events) WHERE id = 1");
    if (!row.step() || row.column_int64(0) != 1 || row.column_bytes(1) != greatest_id)
        differ(fresh, "how far the indices reach");
    if (fresh.integer("SELECT (SELECT count(*) FROM stele_tags) + (SELECT count(*) FROM stele_tag_runs)") != 0)
        differ(fresh, "the number of tags");
}

// With the leaves, which are those of the old events, the whole tree.
void expect_tree(connection& fresh) {
    verify_tiles(fresh,
                 [&](const std::string& found) -> bool { differ(fresh, fmt::format("the hash tree ({})", found)); });
}

void expect_sound(connection& fresh) {
    if (const auto found = damage_in_structure(fresh); !found.empty())
        differ(fresh, fmt::format("the structure ({})", found));
}

}  // namespace

void expect_same_store(connection& old, connection& fresh, upgrade_watch& watch) {
    check_tables(fresh);
    std::int64_t out_of_order = 0;
    const auto greatest_id = expect_same_events(old, fresh, out_of_order, watch);
    expect_listed_streams(old, fresh);
    expect_listed_ids(fresh, out_of_order);
    expect_merged(fresh, greatest_id);
    expect_tree(fresh);
    for (const auto& [what, query] : same_in_both) expect_same_rows(old, fresh, query, what);
    expect_same_others(old, fresh);
    expect_sound(fresh);
}

void expect_same_old_store(connection& old, connection& other) {
    expect_same_rows(old, other, "SELECT type, name, tbl_name, sql FROM sqlite_schema ORDER BY type, name",
                     "a definition");
    for (const auto& [what, query] : same_in_both) expect_same_rows(old, other, query, what);
    expect_same_rows(old, other, "SELECT * FROM events ORDER BY position", "an event");
    expect_same_others(old, other);
}

}  // namespace stele::inline v0::detail
