#pragma once

#include "eventstore/sqlite/tags/tag_ids.hpp"

#include <stele/eventstore/sqlite/detail/connection.hpp>
#include <stele/eventstore/tags/added_tags.hpp>

#include <cstdint>
#include <string_view>
#include <vector>

/// Tags that were added to stored events stand beside the events, whose rows never change: in stele_added_tags by
/// event, as a run of ids, and in stele_added_positions by tag. How far each key is, is in stele_tagging.
namespace stele::inline v0::detail {

/// How far the keys are for each type, in the order of keys and types.
inline constexpr std::string_view tagging_query =
    "SELECT key, type, up_to, goal, since FROM stele_tagging ORDER BY key, type";
std::vector<tagging_status> read_tagging(statement& query);

/// Adds tags to stored events. Used inside the writer's transaction.
class added_tags {
public:
    /// Both must outlive it.
    added_tags(connection& db, tag_ids& ids);

    /// Does what event_store::add_tags() says, and returns whether the record is to be appended next, after the event
    /// at `head`. Throws as it does; then all of it must be rolled back.
    bool add(const tag_batch& batch, position head);

private:
    void add(const tag_addition& addition);
    bool write(const tag_batch::step& step, position record);

    tag_ids& ids_;
    tag_names names_;
    statement find_event_, put_tags_, put_position_;
    statement find_step_, put_step_;
};

}  // namespace stele::inline v0::detail
