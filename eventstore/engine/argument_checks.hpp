#pragma once

#include <stele/eventstore/event_store.hpp>

#include <span>
#include <string_view>

namespace stele::inline v0::detail {

/// Throws invalid_argument for a stream id that was moved from. `doing` is what was to be done: "append to".
void check_stream(std::string_view doing, const stream_id& stream);

/// Throws invalid_argument for a query with a name that no stream or type can have, or an alternative without names.
void check_query(const event_query& query);
void check_types(const std::vector<std::string>& types);
/// Throws invalid_argument for a category that no stream can have. `what` is what has it: "filter".
void check_category(std::string_view what, const std::string& category);

/// Throws invalid_argument for a kind or key that no document can have.
void check_document(std::string_view kind, std::string_view key);

/// Throws invalid_argument for a limit of 0: reads would end early, and nothing could be appended.
void check_limits(const store_limits& limits);

/// Throw invalid_argument for writes or documents that no store accepts; see event_store::append().
void check_writes(std::span<const stream_write> writes, const store_limits& limits);
void check_documents(std::span<const document_write> documents, const store_limits& limits);
/// Throws invalid_argument for conditions that no store accepts: a stream that is checked twice, or checked and written
/// to, and what check_query() and check_document() refuse.
void check_conditions(std::span<const append_condition> conditions, std::span<const stream_write> writes);

}  // namespace stele::inline v0::detail
