#include "eventstore/sqlite/conditions/condition_check.hpp"

#include "eventstore/engine/append_rules.hpp"
#include "eventstore/sqlite/reader_sql.hpp"

#include <fmt/format.h>

namespace stele::inline v0::detail {

condition_check::condition_check(connection& db)
    : db_(db),
      events_(db.prepare("SELECT position, version, stream, type, metadata FROM events WHERE position > ?1 "
                         "ORDER BY position")),
      stream_name_(db.prepare("SELECT name FROM streams WHERE id = ?1")),
      type_name_(db.prepare("SELECT name FROM types WHERE id = ?1")),
      document_(db.prepare("SELECT value FROM documents WHERE kind = ?1 AND key = ?2")),
      tags_(db) {}

std::optional<conflict> condition_check::refusal_of(const no_event& condition) {
    tags_.begin();
    const reset_guard done(events_);
    events_.bind(1, to_integer(condition.after.value));
    while (events_.step()) {
        const auto stream = name_of(stream_name_, events_.column_int64(2), "stream");
        const auto type = name_of(type_name_, events_.column_int64(3), "event type");
        const recorded_event event{.position = {events_.column_number(0, 1)},
                                   .version = {events_.column_number(1, 1)},
                                   .stream = stream,
                                   .type = type,
                                   .metadata = events_.column_bytes(4),
                                   .tags = tags_.of(events_.column_number(0, 1))};
        if (condition.matching.passes(event)) return condition_conflict(event);
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
