#include "eventstore/sqlite/conditions/condition_check.hpp"

#include "eventstore/engine/added_tags.hpp"
#include "eventstore/engine/append_rules.hpp"
#include "eventstore/engine/query_plan.hpp"
#include "eventstore/sqlite/files/event_flags.hpp"
#include "eventstore/sqlite/index/positions_table.hpp"
#include "eventstore/sqlite/reader_sql.hpp"
#include "eventstore/sqlite/tags/added_tags.hpp"

#include <fmt/format.h>

#include <limits>
#include <utility>

namespace stele::inline v0::detail {

condition_check::condition_check(connection& db, index_writer& index)
    : db_(db),
      index_(index),
      events_(db.prepare("SELECT position, version, stream, type, flags, metadata, tags FROM events "
                         "WHERE position > ?1 ORDER BY position")),
      listed_(db.prepare("SELECT e.position, e.version, e.stream, e.type, e.flags, e.metadata, e.tags "
                         "FROM stele_positions(?1) AS p CROSS JOIN events AS e ON e.position = p.position")),
      stream_name_(db.prepare("SELECT name FROM streams WHERE id = ?1")),
      type_name_(db.prepare("SELECT name FROM types WHERE id = ?1")),
      tagging_(db.prepare(tagging_query)),
      document_(db.prepare("SELECT value FROM documents WHERE kind = ?1 AND key = ?2")),
      tags_(db) {}

void condition_check::expect_complete(const event_query& query) {
    if (index_.is_tagging() && names_tags(query)) detail::expect_complete(query, read_tagging(tagging_));
}

// The record that tags were begun to be added which the condition names, if it is after what the condition speaks of.
std::optional<conflict> condition_check::tagging_after(const no_event& condition) {
    if (!index_.is_tagging_begun() || !names_tags(condition.matching)) return std::nullopt;
    const auto last = last_tagging(condition.matching, read_tagging(tagging_));
    if (last <= condition.after) return std::nullopt;
    const auto position = to_integer(last.value);
    const std::span<const std::int64_t> list(&position, 1);
    const reset_guard done(listed_);
    bind_positions(listed_, 1, list);
    return first_of(listed_, {});
}

std::optional<conflict> condition_check::refusal_of(const no_event& condition) {
    auto first = first_match(condition);
    auto begun = tagging_after(condition);
    const bool is_before = begun && (!first || begun->event->position < first->event->position);
    return is_before ? std::move(begun) : std::move(first);
}

std::optional<conflict> condition_check::first_match(const no_event& condition) {
    if (const auto alternatives = tag_alternatives(condition.matching); !alternatives.empty())
        return first_tagged(condition, ids_of(tags_, alternatives));
    const reset_guard done(events_);
    events_.bind(1, to_integer(condition.after.value));
    return first_of(events_, condition.matching);
}

std::optional<conflict> condition_check::first_tagged(const no_event& condition, const tag_sets& sets) {
    constexpr std::size_t at_once = 64;
    constexpr auto end = std::numeric_limits<std::int64_t>::max();
    for (auto after = to_integer(condition.after.value); !sets.empty() && after < end;) {
        const auto found = index_.find_tagged(sets, after, at_once);
        const std::span<const std::int64_t> list(found.positions);
        const reset_guard done(listed_);
        bind_positions(listed_, 1, list);
        if (auto conflict = first_of(listed_, condition.matching)) return conflict;
        after = found.up_to;
    }
    return std::nullopt;
}

std::optional<conflict> condition_check::first_of(statement& rows, const event_query& query) {
    tags_.begin();
    while (rows.step()) {
        const auto stream = name_of(stream_name_, rows.column_int64(2), "stream");
        const auto type = name_of(type_name_, rows.column_int64(3), "event type");
        const auto position = rows.column_number(0, 1);
        recorded_event event{.position = {position},
                             .version = {rows.column_number(1, 1)},
                             .stream = stream,
                             .type = type,
                             .metadata = rows.column_bytes(5)};
        event.foreign_metadata = (rows.column_int64(4) & event_flags::foreign_metadata) != 0;
        tags_.read(rows, 6, event);
        if (query.passes(event)) return condition_conflict(event);
    }
    return std::nullopt;
}

std::optional<conflict> condition_check::refusal_of(const document_expectation& condition) {
    const reset_guard done(document_);
    document_.bind_text(1, condition.kind);
    document_.bind_blob(2, condition.key);
    const bool exists = document_.step();
    if (exists ? condition.value == document_.column_bytes(0) : !condition.value) return std::nullopt;
    return document_conflict();
}

std::string condition_check::name_of(statement& query, std::int64_t id, const char* what) {
    const reset_guard done(query);
    query.bind(1, id);
    if (!query.step()) throw db_.damage(fmt::format("an event refers to {} {}, which is missing", what, id));
    return std::string{query.column_bytes(0)};
}

}  // namespace stele::inline v0::detail
