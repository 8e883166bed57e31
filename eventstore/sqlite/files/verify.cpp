// Compares everything that the file format (docs/file-format.md) says twice: each index with its table (SQLite's
// integrity_check), and each statement below.

#include "eventstore/names.hpp"
#include "eventstore/sqlite/hashes/verify_leaves.hpp"
#include "eventstore/sqlite/index/positions_table.hpp"

#include <stele/eventstore/detail/removals.hpp>
#include <stele/eventstore/sqlite/detail/connection.hpp>
#include <stele/eventstore/sqlite/detail/file_format.hpp>
#include <stele/eventstore/sqlite/detail/verify.hpp>
#include <stele/eventstore/stream.hpp>

#include <fmt/format.h>
#include <sqlite3.h>

#include <algorithm>
#include <functional>
#include <limits>
#include <set>
#include <string>
#include <string_view>

namespace stele::inline v0::detail {
namespace {

// Each returns one row with one sentence for each thing that is wrong.
constexpr const char* contradictions[] = {
    // Numbers that nothing in the format can be.
    "SELECT format('the event at position %d has an impossible value: version %d, an id of %d bytes, flags %d',"
    " position, version, length(id), flags) FROM events WHERE position < 1 OR version < 1 OR"
    " flags NOT BETWEEN 0 AND 31 OR flags & 12 = 12 OR length(id) <> 16 OR id = zeroblob(16)",
    "SELECT format('stream %s has an impossible state: %d, removed up to version %d', name, state, removed_up_to)"
    " FROM streams WHERE state NOT IN (0, 1, 2) OR removed_up_to < 0",
    // References.
    "SELECT format('%d events, the first at position %d, refer to stream %d, which is missing', count(*),"
    " min(position), stream) FROM events WHERE stream NOT IN (SELECT id FROM streams) GROUP BY stream",
    "SELECT format('%d events, the first at position %d, refer to event type %d, which is missing', count(*),"
    " min(position), type) FROM events WHERE type NOT IN (SELECT id FROM types) GROUP BY type",
    "SELECT format('block %d is not listed for event type %d, so filtered reads skip its events', block, type) FROM"
    " (SELECT DISTINCT type, (position - 1) / 1024 AS block FROM events EXCEPT SELECT type, block FROM type_blocks)",
    // The versions of a stream follow each other, begin after what was removed, and rise with the positions.
    "SELECT format('stream %s has %d events with versions from %d to %d, and everything up to %d was removed', name, n,"
    " first, last, removed_up_to) FROM (SELECT stream, count(*) AS n, min(version) AS first, max(version) AS last"
    " FROM events GROUP BY stream) JOIN streams ON id = stream"
    " WHERE first <> removed_up_to + 1 OR last - first + 1 <> n",
    "SELECT format('stream %s was deleted and has %d events', name, n) FROM"
    " (SELECT stream, count(*) AS n FROM events GROUP BY stream) JOIN streams ON id = stream WHERE state <> 0",
    "SELECT format('the event at position %d has a lower position than the version before it in its stream', position)"
    " FROM (SELECT position, lag(position) OVER (PARTITION BY stream ORDER BY version) AS earlier FROM events)"
    " WHERE position < earlier",
    // Positions are given without gaps, one for each version.
    "SELECT format('%d events were appended, and the streams have %d versions', given, versions) FROM"
    " (SELECT coalesce((SELECT seq FROM sqlite_sequence WHERE name = 'events'), 0) AS given,"
    "  (SELECT coalesce(sum(max(removed_up_to, coalesce((SELECT max(version) FROM events WHERE stream = streams.id), "
    "0))), 0)"
    "   FROM streams) AS versions) WHERE given <> versions",
    "SELECT format('the last event is at position %d, and %d were given', last, given) FROM"
    " (SELECT coalesce((SELECT seq FROM sqlite_sequence WHERE name = 'events'), 0) AS given,"
    "  (SELECT coalesce(max(position), 0) FROM events) AS last) WHERE given <> last",
    "SELECT format('the event at position %d was recorded before the one before it', position) FROM"
    " (SELECT position, recorded_at, lag(recorded_at) OVER (ORDER BY position) AS earlier FROM events)"
    " WHERE recorded_at < earlier",
    "SELECT format('the event at position %d is said to be of one append with the next one, which was recorded at "
    "another time', position) FROM (SELECT position, recorded_at, flags, lead(position) OVER places AS next,"
    " lead(recorded_at) OVER places AS later FROM events WINDOW places AS (ORDER BY position))"
    " WHERE flags & 1 = 0 AND next = position + 1 AND later <> recorded_at",
    "SELECT format('the last event, at position %d, does not close its append', position) FROM events"
    " WHERE position = (SELECT max(position) FROM events) AND flags & 1 = 0",
    // Ids are unique, and in order where they are said to be.
    "SELECT format('the events at positions %d and %d have the same id', min(position), max(position)) FROM events"
    " GROUP BY id HAVING count(*) > 1",
    "SELECT format('the id of the event at position %d is not greater than all before it, and is said to be', position)"
    " FROM (SELECT position, id, lag(id) OVER (ORDER BY position) AS earlier FROM events WHERE flags & 2)"
    " WHERE id <= earlier",
    "SELECT format('the id of the event at position %d is greater than all before it, and is said not to be', position)"
    " FROM (SELECT position, id, flags, max(CASE WHEN flags & 2 THEN id END) OVER (ORDER BY position ROWS BETWEEN"
    " UNBOUNDED PRECEDING AND 1 PRECEDING) AS earlier FROM events) AS e, stele_merge WHERE flags & 2 = 0"
    " AND e.id > max(greatest_id, coalesce(earlier, zeroblob(16)))",
    // Tags.
    "SELECT format('the event at position %d refers to tag %d, which is missing', e.position, t.position)"
    " FROM events AS e CROSS JOIN stele_positions(e.tags) AS t WHERE e.tags IS NOT NULL"
    " AND t.position NOT IN (SELECT id FROM stele_tags)",
    // Tags that were added later.
    "SELECT format('tags were added to the event at position %d, which is not there', position) FROM stele_added_tags"
    " WHERE position NOT IN (SELECT position FROM events)",
    "SELECT format('tag %d, which is missing, was added to the event at position %d', t.position, a.position)"
    " FROM stele_added_tags AS a CROSS JOIN stele_positions(a.tags) AS t"
    " WHERE t.position NOT IN (SELECT id FROM stele_tags)",
    "SELECT format('tag %d was added to the event at position %d, and is not listed there', t.position, a.position)"
    " FROM stele_added_tags AS a CROSS JOIN stele_positions(a.tags) AS t"
    " WHERE NOT EXISTS (SELECT 1 FROM stele_added_positions AS p WHERE p.tag = t.position AND p.position = a.position)",
    "SELECT format('the event at position %d is listed as one to which tag %d was added, and it was not', p.position,"
    " p.tag) FROM stele_added_positions AS p LEFT JOIN stele_added_tags AS a ON a.position = p.position"
    " WHERE p.tag NOT IN (SELECT t.position FROM stele_positions(ifnull(a.tags, x'')) AS t)",
    "SELECT format('the event at position %d has tag %d, and it was added again', e.position, t.position)"
    " FROM stele_added_tags AS a CROSS JOIN events AS e ON e.position = a.position CROSS JOIN stele_positions(e.tags)"
    " AS t WHERE e.tags IS NOT NULL AND t.position IN (SELECT n.position FROM stele_positions(a.tags) AS n)",
    "SELECT format('tags with the key %s are said to be on the events of type %s up to position %d, of %d', key, type,"
    " max(up_to, goal), (SELECT coalesce(max(position), 0) FROM events)) FROM stele_tagging WHERE up_to < 0 OR goal < 0"
    " OR since < 0 OR max(up_to, goal, since) > (SELECT coalesce(max(position), 0) FROM events)",
    // The indices hold the events up to where they say.
    "SELECT 'the row that says how far the indices reach is missing' WHERE NOT EXISTS (SELECT 1 FROM stele_merge"
    " WHERE id = 1)",
    "SELECT format('the indices are said to reach up to position %d, and a merge to %d, of %d', merged_up_to,"
    " merging_up_to, given) FROM (SELECT *, coalesce((SELECT seq FROM sqlite_sequence WHERE name = 'events'), 0)"
    " AS given FROM stele_merge) WHERE id <> 1 OR merged_up_to < 0 OR merging_up_to < merged_up_to"
    " OR merging_up_to > given OR phase NOT BETWEEN 0 AND 3 OR length(greatest_id) <> 16",
    "SELECT format('the index lists position %d as version %d of stream %d, and the event there is another one',"
    " n.position, r.version + n.ordinal, r.stream) FROM stele_stream_runs AS r CROSS JOIN"
    " stele_positions(r.positions) AS n LEFT JOIN streams AS s ON s.id = r.stream LEFT JOIN events AS e"
    " ON e.position = n.position WHERE r.version + n.ordinal > coalesce(s.removed_up_to, 0)"
    " AND (e.stream IS NOT r.stream OR e.version IS NOT r.version + n.ordinal)",
    "SELECT format('the event at position %d is not in the index of its stream', position) FROM events, stele_merge"
    " WHERE position <= merged_up_to AND position NOT IN (SELECT n.position FROM stele_stream_runs AS r CROSS JOIN"
    " stele_positions(r.positions) AS n)",
    "SELECT format('the event at position %d is not in the index of ids', e.position) FROM events AS e, stele_merge"
    " WHERE e.position <= merged_up_to AND e.flags & 2 = 0 AND e.position IS NOT"
    " (SELECT position FROM stele_event_ids AS i WHERE i.id = e.id)",
    "SELECT format('the event at position %d is not in its block of ids', e.position) FROM events AS e, stele_merge"
    " WHERE e.position <= merged_up_to AND e.flags & 2 AND substr(e.id, 15) IS NOT (SELECT n.behind"
    "  FROM stele_id_blocks AS b CROSS JOIN stele_positions(b.checks, 2) AS n WHERE n.position = e.position"
    "  AND b.id = (SELECT max(id) FROM stele_id_blocks WHERE id <= e.id))",
    "SELECT format('an id of the events up to position %d is greater than the greatest one', merged_up_to)"
    " FROM stele_merge WHERE greatest_id < (SELECT max(id) FROM events WHERE position <= merged_up_to AND flags & 2)",
    "SELECT format('the event at position %d is not in the index of its tag %d', e.position, t.position)"
    " FROM stele_merge, events AS e CROSS JOIN stele_positions(e.tags) AS t WHERE e.tags IS NOT NULL"
    " AND e.position <= merged_up_to AND e.position NOT IN (SELECT n.position FROM stele_tag_runs AS r CROSS JOIN"
    "  stele_positions(r.positions) AS n WHERE r.tag = t.position AND r.position ="
    "  (SELECT max(position) FROM stele_tag_runs WHERE tag = t.position AND position <= e.position))",
    // The identity.
    "SELECT 'the store has no identity of 16 bytes' WHERE NOT EXISTS (SELECT 1 FROM stele_store WHERE name = 'id'"
    " AND length(value) = 16)",
    "SELECT format('the store says %s of itself, which is never written', name) FROM stele_store"
    " WHERE name <> 'id' AND (name <> 'hash_tree' OR value <> CAST('off' AS BLOB))",
    // Documents.
    "SELECT format('a document of kind %s was written at position %d, after the last event', kind, position)"
    " FROM documents WHERE position > (SELECT coalesce(max(position), 0) FROM events) OR position < 0",
    "SELECT format('a document of kind %s has a key of %d bytes', kind, length(key)) FROM documents"
    " WHERE length(key) NOT BETWEEN 1 AND 1024",
};

// Those about the tables of inline projections, which not every file has.
constexpr const char* contradictions_of_inline[] = {
    "SELECT format('inline projection %s is at position %d, after the last event', name, checkpoint) FROM stele_inline"
    " WHERE checkpoint > (SELECT coalesce(max(position), 0) FROM events) OR checkpoint < 0",
    "SELECT format('table %s of inline projection %s is missing', t.name, projection) FROM stele_inline_tables AS t"
    " WHERE t.name NOT IN (SELECT name FROM sqlite_schema)",
};

class verification {
public:
    verification(connection& db, const verify_options& options) : db_(db), options_(options) {
        // Called every so many steps of SQLite's virtual machine, some milliseconds apart.
        constexpr int steps = 100'000;
        sqlite3_progress_handler(
            db_.handle(), steps,
            [](void* stop) { return static_cast<const std::stop_token*>(stop)->stop_requested() ? 1 : 0; },
            &options_.stop);
    }
    verification(const verification&) = delete;
    verification& operator=(const verification&) = delete;
    ~verification() {
        sqlite3_progress_handler(db_.handle(), 0, nullptr, nullptr);
        if (db_.in_transaction()) db_.try_execute("ROLLBACK");
    }

    verify_result run() {
        prepare_checks(db_);
        db_.execute("BEGIN");  // everything as of one moment
        check("the definitions", [&] { expect_definitions(db_); });
        check("the structure of the file", [&] { check_structure(); });
        for (const auto* const each : contradictions) check("the tables", [&] { collect(each); });
        if (db_.has_table("stele_inline"))
            for (const auto* const each : contradictions_of_inline) check("the tables", [&] { collect(each); });
        check("the names", [&] { check_names(); });
        check("the records of removals", [&] { check_tombstones(); });
        check("the hash tree", [&] { check_hashes(); });
        return {.complete = !options_.stop.stop_requested(), .damage = std::move(found_)};
    }

private:
    [[nodiscard]] bool is_enough() const { return found_.size() >= options_.most || options_.stop.stop_requested(); }

    // One check that meets damage on its way does not keep the others from being made.
    template <class Check>
    void check(std::string_view what, const Check& make) {
        if (is_enough()) return;
        try {
            make();
        } catch (const error& fault) {
            if (options_.stop.stop_requested()) return;
            using enum error_kind;
            if (fault.kind() != corrupt && fault.kind() != foreign_file && fault.kind() != invalid_argument) throw;
            found_.push_back(fmt::format("{} cannot be read: {}", what, fault.what()));
        }
    }

    void collect(std::string_view sql) {
        auto rows = db_.prepare(sql);
        while (!is_enough() && rows.step()) found_.emplace_back(rows.column_bytes(0));
    }

    void check_structure() {
        constexpr std::size_t most = std::numeric_limits<int>::max();  // a larger number is the name of a table there
        auto rows = db_.prepare(fmt::format("PRAGMA integrity_check({})", std::min(options_.most, most)));
        while (!is_enough() && rows.step())
            if (const auto line = rows.column_bytes(0); line != "ok") found_.emplace_back(line);
    }

    void check_hashes() {
        const auto report = [&](const std::string& found) {
            found_.push_back(found);
            return !is_enough();
        };
        verify_tree(db_, report);
    }

    void check_names() {
        for (const auto& [what, sql] : {std::pair{"stream name", "SELECT name FROM streams"},
                                        {"event type", "SELECT name FROM types"},
                                        {"document kind", "SELECT DISTINCT kind FROM documents"}}) {
            auto names = db_.prepare(sql);
            while (!is_enough() && names.step()) try {
                    const auto name = names.column_bytes(0);
                    check_name(what, name);
                    if (std::string_view{what} == "stream name") const stream_id valid{std::string{name}};
                } catch (const error& invalid) {
                    found_.emplace_back(invalid.what());
                }
        }
    }

    // A stream is closed for ever if a record says so, and only then.
    void check_tombstones() {
        std::set<std::string, std::less<>> closed;
        auto records = db_.prepare(
            "SELECT 'stele.v1.StreamTombstoned', payload FROM events WHERE type = (SELECT id FROM types WHERE name = "
            "'stele.v1.StreamTombstoned') AND stream = (SELECT id FROM streams WHERE name = 'stele-streams')");
        while (!is_enough() && records.step()) {
            recorded_event record;
            record.stream = removals_stream;
            record.type = records.column_bytes(0);
            record.payload = records.column_bytes(1);
            closed.insert(removed_stream(record));
        }
        auto streams = db_.prepare("SELECT name, state FROM streams");
        while (!is_enough() && streams.step()) {
            const auto name = streams.column_bytes(0);
            const bool is_closed = streams.column_int64(1) == std::to_underlying(stream_state::tombstoned);
            if (is_closed != closed.contains(name))
                found_.push_back(fmt::format("stream {} is {} for ever, and the records of removals say otherwise",
                                             name, is_closed ? "closed" : "not closed"));
        }
    }

    connection& db_;
    verify_options options_;
    std::vector<std::string> found_;
};

}  // namespace

std::span<const char* const> checks_of_tables() noexcept {
    return contradictions;
}

std::span<const char* const> checks_of_inline_tables() noexcept {
    return contradictions_of_inline;
}

void prepare_checks(connection& db) {
    add_positions_table(db);
}

verify_result verify(connection& db, const verify_options& options) {
    return verification(db, options).run();
}

}  // namespace stele::inline v0::detail
