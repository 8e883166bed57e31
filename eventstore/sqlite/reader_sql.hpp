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

/// The tags that were added to the event of a row of `events`, or of a name for them; NULL if there are none. Where the
/// table is empty, that is found out once for all rows.
inline std::string added_tags_of(std::string_view events) {
    return fmt::format(
        "CASE WHEN EXISTS (SELECT 1 FROM stele_added_tags) THEN (SELECT added.tags FROM stele_added_tags "
        "AS added WHERE added.position = {}.position) END",
        events);
}

/// The columns in the order in which reader::collect() reads them.
inline const std::string columns = fmt::format(
    "SELECT position, version, recorded_at, id, stream, type, payload, metadata, flags, tags, {} FROM events",
    added_tags_of("events"));

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

/// Those at the positions of a list (?1), in its order.
inline const std::string listed_query = fmt::format(
    "SELECT e.position, e.version, e.recorded_at, e.id, e.stream, e.type, e.payload, e.metadata, e.flags, e.tags, {} "
    "FROM stele_positions(?1) AS p CROSS JOIN events AS e ON e.position = p.position",
    added_tags_of("e"));
/// Those of some types (?2, a JSON list of ids).
inline const std::string listed_and_typed_query = listed_query + " WHERE e.type IN (SELECT value FROM json_each(?2))";

/// What is told about streams.
inline constexpr std::string_view stream_columns = "SELECT s.id, s.name, s.removed_up_to, s.state FROM streams AS s ";

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

/// The streams whose names are in any of the ranges (?1, a JSON list of pairs that do not overlap), and up to which
/// version their events were removed.
// (A blob sorts after every text.)
inline constexpr std::string_view streams_in_ranges_query =
    "SELECT streams.id, streams.removed_up_to FROM json_each(?1) AS range JOIN streams ON name >= range.value ->> 0 "
    "AND name < ifnull(range.value ->> 1, x'FF')";

/// The events in the window (?1, ?2], with types: of those types (?4, a JSON list of ids).
inline std::string scan_query(bool types, direction order) {
    return fmt::format("{} WHERE position > ?1 AND position <= ?2{} ORDER BY position {}", columns,
                       types ? " AND type IN (SELECT value FROM json_each(?4))" : "", order_of(order));
}

}  // namespace stele::inline v0::detail
