#pragma once

// The statements of a reader that are composed of parts, and how values are stored.

#include <stele/eventstore/event_store.hpp>
#include <stele/eventstore/sqlite/detail/connection.hpp>
#include <stele/eventstore/sqlite/detail/file_format.hpp>

#include <fmt/format.h>

#include <algorithm>
#include <string>
#include <string_view>
#include <utility>

namespace stele::inline v0::detail {

/// The columns in the order in which reader::collect() reads them.
inline constexpr std::string_view columns =
    "SELECT position, version, recorded_at, id, stream, type, payload, metadata FROM events";

/// SQLite has no unsigned integers; no position or version is that large.
inline std::int64_t to_integer(std::uint64_t value) {
    return static_cast<std::int64_t>(std::min(value, position::max().value));
}

/// Times are stored as microseconds since 1970.
inline std::int64_t to_integer(timestamp time) {
    return time.time_since_epoch().count();
}
inline timestamp to_time(std::int64_t microseconds) {
    return timestamp{std::chrono::microseconds{microseconds}};
}

/// States of streams are stored as their number.
inline stream_state to_state(const connection& db, std::uint64_t number) {
    if (number <= std::to_underlying(stream_state::tombstoned)) return static_cast<stream_state>(number);
    throw db.damage(fmt::format("a stream is in state {}, which does not exist", number));
}

inline std::string_view order_of(direction order) {
    return order == direction::forward ? "ASC" : "DESC";
}

inline std::string all_query(direction order) {
    return fmt::format("{} WHERE position > ?1 AND position <= ?2 ORDER BY position {} LIMIT ?3", columns,
                       order_of(order));
}

inline std::string stream_query(direction order) {
    return fmt::format(
        "{} WHERE stream = (SELECT id FROM streams WHERE name = ?4) AND version > ?1 AND version <= ?2 "
        "AND position <= ?5 ORDER BY version {} LIMIT ?3",
        columns, order_of(order));
}

/// Those of some types (?6, a JSON list of ids).
inline std::string typed_query(direction order) {
    return fmt::format(
        "{} WHERE stream = (SELECT id FROM streams WHERE name = ?4) AND version > ?1 AND version <= ?2 "
        "AND position <= ?5 AND type IN (SELECT value FROM json_each(?6)) ORDER BY version {} LIMIT ?3",
        columns, order_of(order));
}

inline const std::string find_event_query = fmt::format("{} WHERE id = ?1", columns);

/// What is told about streams, with their first and last event.
inline constexpr std::string_view stream_columns =
    "SELECT s.id, s.name, s.removed_up_to, s.state, first.version, first.position, first.recorded_at, last.version, "
    "last.position, last.recorded_at FROM streams AS s "
    "LEFT JOIN events AS first ON first.position = "
    "(SELECT position FROM events WHERE stream = s.id ORDER BY version LIMIT 1) "
    "LEFT JOIN events AS last ON last.position = "
    "(SELECT position FROM events WHERE stream = s.id ORDER BY version DESC LIMIT 1) ";

inline const std::string find_stream_query = fmt::format("{} WHERE s.name = ?1", stream_columns);

/// Names after ?1 and from ?2 up to, not including, ?3, which may be NULL.
// (A blob sorts after every text.)
inline const std::string list_streams_query =
    fmt::format("{} WHERE s.name > ?1 AND s.name >= ?2 AND s.name < ifnull(?3, x'FF') ORDER BY s.name", stream_columns);

/// The blocks listed for any of the types (?1, a JSON list of ids) from block ?2 to ?3.
inline constexpr std::string_view blocks_query =
    "SELECT DISTINCT block FROM type_blocks WHERE type IN (SELECT value FROM json_each(?1)) AND block BETWEEN ?2 AND "
    "?3 "
    "ORDER BY block";

/// The streams whose names are in any of the ranges (?5, a JSON list of pairs that do not overlap).
// (A blob sorts after every text.)
inline constexpr std::string_view streams_in_ranges =
    "FROM json_each(?5) AS range JOIN streams ON name >= range.value ->> 0 AND "
    "name < ifnull(range.value ->> 1, x'FF')";

/// Counts the events of those streams, and one for a stream without events, up to ?1; answered from the index over
/// (stream, version) alone.
inline const std::string few_query = fmt::format(
    "SELECT count(*) FROM (SELECT 1 {} LEFT JOIN events ON events.stream = streams.id LIMIT ?1)", streams_in_ranges);

/// The events in the window (?1, ?2], with types: of those types (?4, a JSON list of ids). By stream: those of the
/// streams in ranges, which have few events in total.
inline std::string scan_query(bool types, bool by_stream, direction order) {
    std::string sql(columns);
    sql += " WHERE position > ?1 AND position <= ?2";
    if (types) sql += " AND type IN (SELECT value FROM json_each(?4))";
    if (by_stream)
        sql += fmt::format(" AND position IN (SELECT e.position {} CROSS JOIN events AS e ON e.stream = streams.id)",
                           streams_in_ranges);
    return sql + fmt::format(" ORDER BY position {}", order_of(order));
}

}  // namespace stele::inline v0::detail
