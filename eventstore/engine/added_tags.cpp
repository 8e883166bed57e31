#include "eventstore/engine/added_tags.hpp"

#include "eventstore/names.hpp"
#include "stele_messages.pb.h"

#include <stele/eventstore/error.hpp>
#include <stele/eventstore/format.hpp>

#include <algorithm>
#include <set>
#include <string>
#include <string_view>
#include <utility>

namespace stele::inline v0::detail {
namespace {

[[noreturn]] void refuse(const std::string& reason) {
    throw error(error_kind::invalid_argument, "add_tags: " + reason);
}

void check_step(const tag_batch::step& step) {
    const auto& [key, type, up_to, goal, since] = step.status;
    check_name("add_tags: event type", type);
    if (key.contains(':')) refuse(fmt::format("the key '{}' contains a ':'; name the part of a tag before it", key));
    check_tag(key + ":value");
    if (since != position{}) refuse("where tags were begun to be added is known to the store; leave `since` out");
    if (up_to < step.after)
        refuse(fmt::format("a step of the key '{}' goes from position {} back to {}", key, step.after, up_to));
}

// Calls `look` with each list of tags that the query names.
bool any_list(const event_query& query, const auto& look) {
    return look(query.tags) || std::ranges::any_of(query.any_of, look, &query_item::tags);
}

bool names_key(const event_query& query, const std::string& key) {
    const auto has_key = [&](std::string_view tag) {
        return tag.size() > key.size() && tag.starts_with(key) && tag[key.size()] == ':';
    };
    return any_list(query, [&](const tag_list& tags) {
        const auto view = tags.view();
        return std::any_of(view.begin(), view.end(), has_key);
    });
}

}  // namespace

void check_tag_batch(const tag_batch& batch) {
    std::set<position> events;
    for (const auto& addition : batch.additions) {
        if (addition.event.value == 0) refuse("there is no event at position 0; the first one is at 1");
        if (!events.insert(addition.event).second)
            refuse(fmt::format("the event at position {} occurs twice; put its tags in one list", addition.event));
    }
    std::set<std::pair<std::string_view, std::string_view>> steps;
    for (const auto& step : batch.steps) {
        check_step(step);
        if (!steps.emplace(step.status.key, step.status.type).second)
            refuse(fmt::format("two steps are of the key '{}' and the type {}; make one of them", step.status.key,
                               step.status.type));
    }
}

void expect_within(const tag_batch& batch, position head) {
    position last;
    for (const auto& addition : batch.additions) last = std::max(last, addition.event);
    for (const auto& step : batch.steps) last = std::max({last, step.status.up_to, step.status.goal});
    if (last <= head) return;
    throw error(error_kind::other_store,
                fmt::format("add_tags: position {} is beyond the head, {}; it is of another store, or this one was "
                            "restored from a backup; nothing was written; begin again",
                            last, head));
}

event_data record_of(const tag_batch& batch) {
    v1::TaggingBegun record;
    std::set<std::string> keys;
    for (const auto& step : batch.steps)
        if (keys.insert(step.status.key).second) record.add_keys(step.status.key);
    return {.type = record.GetTypeName(), .payload = record.SerializeAsString(), .metadata = {}};
}

stream_write tagging_record(const event_data& record) {
    return {stream_id(system_category, "tags"), expected_version::any(), std::span(&record, 1)};
}

tagging_status after_step(const std::optional<tagging_status>& before, const tag_batch::step& step, position record) {
    auto next = before.value_or(tagging_status{step.status.key, step.status.type, {}, {}});
    const bool stays_complete = before && before->complete() && !step.again;
    if (step.again) next.up_to = step.after;
    if (!stays_complete) next.goal = std::max(next.goal, step.status.goal);
    if (next.up_to >= step.after) next.up_to = std::max(next.up_to, step.status.up_to);
    const bool was_complete = !before || before->complete();
    if (was_complete && !next.complete()) next.since = record;
    return next;
}

std::optional<stored_tags> with_added(const stored_tags& before, const tag_addition& addition) {
    auto after = before;
    for (const auto tag : addition.tags.view()) {
        if (before.all.view().contains(tag)) continue;
        if (after.all.size() == max_event_tags)
            refuse(
                fmt::format("with the tag '{}', the event at position {} would have more than {} tags; nothing was "
                            "written; let tags_of name fewer",
                            tag, addition.event, max_event_tags));
        after.all.add(tag);
        after.added.add(tag);
    }
    if (after.added == before.added) return std::nullopt;
    return after;
}

bool names_tags(const event_query& query) {
    return any_list(query, [](const tag_list& tags) { return !tags.empty(); });
}

void expect_complete(const event_query& query, std::span<const tagging_status> keys) {
    for (const auto& each : keys) {
        if (each.complete() || !names_key(query, each.key)) continue;
        throw error(
            error_kind::needs_tagging,
            fmt::format("nothing can be selected by the tag key '{}' yet: it is being added to the stored events "
                        "of type {}, and they have it up to position {} of {}; let stele::tag_stored_events "
                        "finish, then try again",
                        each.key, each.type, each.up_to, each.goal));
    }
}

position last_tagging(const event_query& query, std::span<const tagging_status> keys) {
    position last;
    for (const auto& each : keys)
        if (each.since > last && names_key(query, each.key)) last = each.since;
    return last;
}

void expect_no_tagging_after(position head, const event_query& query, std::span<const tagging_status> keys) {
    const auto last = last_tagging(query, keys);
    if (last <= head) return;
    throw error(error_kind::needs_tagging,
                fmt::format("stored events were given tags that this query names while it was answered, from position "
                            "{} on; read again from the beginning",
                            last));
}

}  // namespace stele::inline v0::detail
