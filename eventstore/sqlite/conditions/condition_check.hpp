#pragma once

#include "eventstore/sqlite/index/index_writer.hpp"
#include "eventstore/sqlite/tags/tag_ids.hpp"

#include <stele/eventstore/append_condition.hpp>
#include <stele/eventstore/conflict.hpp>
#include <stele/eventstore/sqlite/detail/connection.hpp>

#include <cstdint>
#include <optional>
#include <span>
#include <string>

namespace stele::inline v0::detail {

/// Checks conditions of appends on the writer's connection, inside its transaction: what the members of the same group
/// have written before is seen.
class condition_check {
public:
    /// Both must outlive it. The connection has the table stele_positions (positions_table.hpp).
    condition_check(connection& db, index_writer& index);

    /// Throws stele::error (needs_tagging) if the query names a tag with a key that is not complete.
    void expect_complete(const event_query& query);
    /// The conflict with the first event after the position that passes the query; nothing if there is none. Events
    /// with tags are looked up; otherwise all events after the position are looked at: between a read and the append
    /// that depends on it there are few.
    std::optional<conflict> refusal_of(const no_event& condition);
    /// The conflict if the document has another value.
    std::optional<conflict> refusal_of(const document_expectation& condition);

private:
    std::optional<conflict> first_of(statement& rows, const event_query& query);
    std::optional<conflict> first_match(const no_event& condition);
    std::optional<conflict> tagging_after(const no_event& condition);
    std::optional<conflict> first_tagged(const no_event& condition, const tag_sets& sets);
    std::string name_of(statement& query, std::int64_t id, const char* what);

    connection& db_;
    index_writer& index_;
    statement events_, listed_, stream_name_, type_name_, tagging_, document_;
    tag_names tags_;
};

}  // namespace stele::inline v0::detail
