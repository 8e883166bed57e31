#include "eventstore/engine/added_tags.hpp"

#include "eventstore/names.hpp"

#include <stele/eventstore/error.hpp>
#include <stele/eventstore/format.hpp>

#include <algorithm>
#include <set>
#include <utility>

namespace stele::inline v0::detail {
namespace {

[[noreturn]] void refuse(const std::string& reason) {
    throw error(error_kind::invalid_argument, "add_tags: " + reason);
}

void check_step(const tag_batch::step& step) {
    const auto& [key, type, up_to, goal] = step.status;
    check_name("add_tags: event type", type);
    if (key.contains(':')) refuse(fmt::format("the key '{}' contains a ':'; name the part of a tag before it", key));
    check_tag(key + ":value");
    if (up_to < step.after)
        refuse(fmt::format("a step of the key '{}' goes from position {} back to {}", key, step.after, up_to));
}

// Calls `look` with each list of tags that the query names.
bool any_list(const event_query& query, const auto& look) {
    return look(query.tags) || std::ranges::any_of(query.any_of, look, &query_item::tags);
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

tagging_status after_step(const std::optional<tagging_status>& before, const tag_batch::step& step) {
    auto next = before.value_or(tagging_status{step.status.key, step.status.type, {}, {}});
    const bool stays_complete = before && before->complete() && !step.again;
    if (step.again) next.up_to = step.after;
    if (!stays_complete) next.goal = std::max(next.goal, step.status.goal);
    if (next.up_to >= step.after) next.up_to = std::max(next.up_to, step.status.up_to);
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
        const auto has_key = [&](std::string_view tag) {
            return tag.size() > each.key.size() && tag.starts_with(each.key) && tag[each.key.size()] == ':';
        };
        const auto names_it = [&](const tag_list& tags) {
            const auto view = tags.view();
            return std::any_of(view.begin(), view.end(), has_key);
        };
        if (each.complete() || !any_list(query, names_it)) continue;
        throw error(
            error_kind::needs_tagging,
            fmt::format("nothing can be selected by the tag key '{}' yet: it is being added to the stored events "
                        "of type {}, and they have it up to position {} of {}; let stele::tag_stored_events "
                        "finish, then try again",
                        each.key, each.type, each.up_to, each.goal));
    }
}

}  // namespace stele::inline v0::detail
