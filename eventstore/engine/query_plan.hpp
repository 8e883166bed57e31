#pragma once

#include <stele/eventstore/append_condition.hpp>
#include <stele/eventstore/event_query.hpp>

#include <vector>

namespace stele::inline v0::detail {

/// What an index over tags can say about a query: every event that passes carries all tags of one of these sets. Empty:
/// it can say nothing, because some alternative names no tag. The sets that are found must still pass the query.
std::vector<tag_list> tag_alternatives(const event_query& query);

/// Throws stele::error (other_store) for a condition after a position that the store does not have.
void expect_position(const no_event& condition, position head);

}  // namespace stele::inline v0::detail
