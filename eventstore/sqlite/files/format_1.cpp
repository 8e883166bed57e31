// Format 1, which was released: never change anything here. Stores of it are upgraded (eventstore/sqlite/upgrade).
//
// Against format 2 (file_format.cpp) its events have `closes_append` (1 in the last event of an append, else 0) in the
// place of `flags`, no tags, and two unique indices that are written with each event.

#include "eventstore/sqlite/files/format_1.hpp"

#include "eventstore/sqlite/files/definitions.hpp"

#include <stele/eventstore/sqlite/detail/file_format.hpp>
#include <stele/eventstore/sqlite/detail/file_header.hpp>

#include <fmt/format.h>

namespace stele::inline v0::detail {
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
CREATE TABLE documents (
  kind       TEXT NOT NULL,
  key        BLOB NOT NULL,
  position   INTEGER NOT NULL,
  written_at INTEGER NOT NULL,
  value      BLOB NOT NULL,
  PRIMARY KEY (kind, key)
) STRICT, WITHOUT ROWID;
)";

// Each returns one row with one sentence for each thing that is wrong.
constexpr const char* contradictions[] = {
    // Numbers that nothing in the format can be.
    "SELECT format('the event at position %d has an impossible value: version %d, an id of %d bytes, closes_append %d',"
    " position, version, length(id), closes_append) FROM events WHERE position < 1 OR version < 1 OR"
    " closes_append NOT IN (0, 1) OR length(id) <> 16 OR id = zeroblob(16)",
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
    "SELECT format('the last event, at position %d, does not close its append', position) FROM events"
    " WHERE position = (SELECT max(position) FROM events) AND closes_append = 0",
    // Documents.
    "SELECT format('a document of kind %s was written at position %d, after the last event', kind, position)"
    " FROM documents WHERE position > (SELECT coalesce(max(position), 0) FROM events) OR position < 0",
    "SELECT format('a document of kind %s has a key of %d bytes', kind, length(key)) FROM documents"
    " WHERE length(key) NOT BETWEEN 1 AND 1024",
};

}  // namespace

bool is_format_1(const std::filesystem::path& file, const connection_options& options) {
    const auto header = read_file_header(file, options);
    return header.kind == file_header::content::sqlite && header.application_id == event_store_application_id &&
           header.user_version == 1;
}

error needs_upgrade(const std::string& file) {
    return {error_kind::needs_upgrade,
            fmt::format("{}: has file format 1, and this version of the library works with format 2; it was not "
                        "changed; sqlite_store::open upgrades it, unless sqlite_options::upgrade says never, and keeps "
                        "the old file; end every program of the older version first",
                        file)};
}

void expect_definitions_of_format_1(connection& db) {
    static const auto expected = definitions_of(tables);
    expect_definitions(db, expected, 1);
    expect_nothing_added(db);
}

std::span<const char* const> checks_of_format_1() noexcept {
    return contradictions;
}

}  // namespace stele::inline v0::detail
