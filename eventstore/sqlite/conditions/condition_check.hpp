#pragma once

#include "eventstore/sqlite/tags/tag_rows.hpp"

#include <stele/eventstore/append_condition.hpp>
#include <stele/eventstore/conflict.hpp>
#include <stele/eventstore/sqlite/detail/connection.hpp>

#include <optional>
#include <string>

namespace stele::inline v0::detail {

/// Checks conditions of appends on the writer's connection, inside its transaction: what the members of the same group
/// have written before is seen.
class condition_check {
public:
    explicit condition_check(connection& db);

    /// The conflict with the first event after the position that passes the query; nothing if there is none. Looks at
    /// the events after the position one by one: between a read and the append that depends on it there are few.
    std::optional<conflict> refusal_of(const no_event& condition);
    /// The conflict if the document has another value.
    std::optional<conflict> refusal_of(const document_expectation& condition);

    /// After a rollback, and when somebody else may have written.
    void forget() noexcept { tags_.forget(); }

private:
    std::string name_of(statement& query, std::int64_t id, const char* what);

    connection& db_;
    statement events_, stream_name_, type_name_, document_;
    tag_reader tags_;
};

}  // namespace stele::inline v0::detail
