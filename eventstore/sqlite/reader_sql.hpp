#pragma once

// The statements of a reader that are composed of parts, and how values are stored.

#include <stele/eventstore/event_store.hpp>
#include <stele/eventstore/sqlite/detail/connection.hpp>
#include <stele/eventstore/sqlite/detail/file_format.hpp>

#include <fmt/format.h>

#include <algorithm>
#include <cstdint>
#include <string>
#include <string_view>
#include <utility>

namespace stele::inline v0::detail {

/// The columns of a row of `events AS e` that reader::collect() reads. The last one in the file comes first: asked for
/// it, SQLite finds the places of all others on the way.
inline constexpr std::string_view columns =
    "SELECT e.metadata, e.payload, e.tags, e.flags, e.recorded_at, e.id, e.type, e.version, e.stream, e.position ";
struct column {
    enum : std::uint8_t { metadata, payload, tags, flags, recorded_at, id, type, version, stream, position };
};

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

/// The events after a position (?1), or backward up to it. Whoever reads on stops by itself: a second bound would cost
/// a twentieth of each row.
inline std::string all_query(direction order) {
    return fmt::format("{} FROM events AS e WHERE e.position {} ?1 ORDER BY e.position {}", columns,
                       order == direction::forward ? ">" : "<=", order_of(order));
}

/// Those at the positions of a list (?1), in its order.
inline const std::string listed_query =
    fmt::format("{} FROM stele_positions(?1) AS p CROSS JOIN events AS e ON e.position = p.position", columns);
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

/// The events of some types (?3, a JSON list of ids) in the window (?1, ?2].
inline std::string typed_query(direction order) {
    return fmt::format(
        "{} FROM events AS e WHERE e.position > ?1 AND e.position <= ?2 AND e.type IN (SELECT value FROM "
        "json_each(?3)) "
        "ORDER BY e.position {}",
        columns, order_of(order));
}

}  // namespace stele::inline v0::detail
