#pragma once

#include <stele/eventstore/event.hpp>
#include <stele/eventstore/event_query.hpp>
#include <stele/eventstore/event_store.hpp>
#include <stele/eventstore/tags/added_tags.hpp>

#include <optional>
#include <span>

/// What every engine must agree on about tags that are added to stored events (event_store::add_tags()).
namespace stele::inline v0::detail {

/// Throws invalid_argument for a batch that no store accepts.
void check_tag_batch(const tag_batch& batch);

/// Throws stele::error (other_store) for an event or a step beyond the head.
void expect_within(const tag_batch& batch, position head);

/// The event that records that tags begin to be added: those of the steps of a batch.
event_data record_of(const tag_batch& batch);

/// The append of that record, in the same transaction. Refers to `record`.
stream_write tagging_record(const event_data& record);

/// How far a key is for a type after a step; `before` is nothing if none was ever made. What was complete stays so,
/// unless it begins again. If it becomes incomplete, the record is to be appended, at the position `record`.
tagging_status after_step(const std::optional<tagging_status>& before, const tag_batch::step& step, position record);

/// The tags of a stored event.
struct stored_tags {
    tag_list all;    ///< Its own and the added ones.
    tag_list added;  ///< Those of them that were added.
};

/// The tags of an event after an addition; nothing if it adds none. Throws stele::error (invalid_argument) if they
/// would be more than 32.
std::optional<stored_tags> with_added(const stored_tags& before, const tag_addition& addition);

/// Whether a query selects by a tag.
bool names_tags(const event_query& query);

/// Throws stele::error (needs_tagging) if a query names a tag whose key is one of these and not complete.
void expect_complete(const event_query& query, std::span<const tagging_status> keys);

/// Where tags were begun to be added last whose keys a query names; 0 if never.
position last_tagging(const event_query& query, std::span<const tagging_status> keys);

/// Throws stele::error (needs_tagging) if that is after `head`, the head when the query began to be answered.
void expect_no_tagging_after(position head, const event_query& query, std::span<const tagging_status> keys);

}  // namespace stele::inline v0::detail
