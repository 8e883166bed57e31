// What a query passes, which conditions of an append hold, and tags that are added later.

#include "contract/naive/answers.hpp"
#include "contract/naive/naive_store.hpp"

#include <stele/eventstore/metadata.hpp>

#include <fmt/format.h>

#include <algorithm>

using stele::conflict_reason;
using stele::stream_state;

namespace {

bool has_tag(const stele::event_data& data, std::string_view tag) {
    for (const auto each : data.tags.view())
        if (each == tag) return true;
    return false;
}

// What an item and a query have in common.
bool passes_lists(const auto& query, const naive_store::event& at) {
    bool passes = query.categories.empty() && query.stream_prefixes.empty() && query.streams.empty();
    for (const auto& each : query.categories) passes |= at.stream.starts_with(each + '-');
    for (const auto& each : query.stream_prefixes) passes |= at.stream.starts_with(each);
    for (const auto& each : query.streams) passes |= at.stream == each;
    passes &= query.types.empty() || std::ranges::count(query.types, at.data.type) > 0;
    for (const auto each : query.tags.view()) passes &= has_tag(at.data, each);
    return passes;
}

}  // namespace

bool naive_store::passes(const stele::event_query& query, std::size_t place) const {
    const auto& at = events_[place];
    bool passes = query.any_of.empty();
    for (const auto& each : query.any_of) passes |= passes_lists(each, at);
    passes &= passes_lists(query, at);
    passes &=
        query.correlation_id.empty() || stele::decode_metadata(at.data.metadata).correlation_id == query.correlation_id;
    return passes && (query.system_events || !at.data.type.starts_with("stele.v1."));
}

std::optional<std::string> naive_store::mismatch(const stele::stream_expectation& expectation) const {
    const auto& name = expectation.stream.str();
    const auto& all = find(name);
    const auto actual = stream_version(name);
    const auto refuse = [&](conflict_reason reason) { return text_of_conflict(name, reason, actual); };
    if (!expectation.expected.accepts(actual))
        return refuse(all.state == stream_state::deleted      ? conflict_reason::deleted
                      : all.state == stream_state::tombstoned ? conflict_reason::tombstoned
                                                              : conflict_reason::version);
    if (all.state == stream_state::live && all.removed_up_to > expectation.expected.kept_after().value)
        return refuse(conflict_reason::removed);
    return std::nullopt;
}

// The first event that breaks it, found by looking at each.
std::optional<std::string> naive_store::broken(const stele::append_condition& condition) const {
    if (const auto* const expectation = std::get_if<stele::stream_expectation>(&condition))
        return mismatch(*expectation);
    if (const auto* const document = std::get_if<stele::document_expectation>(&condition)) {
        const auto found = documents_.find({document->kind, document->key});
        const bool holds = found == documents_.end() ? !document->value : found->second == document->value;
        if (holds) return std::nullopt;
        return text_of_conflict("stele-documents", conflict_reason::document, {});
    }
    const auto& none = std::get<stele::no_event>(condition);
    if (is_unknown(none.matching)) return needs_tagging_text;
    const auto begun = last_tagging(none.matching);
    for (auto place = none.after.value; place < events_.size(); ++place) {
        const auto& at = events_[place];
        if (at.removed || (place + 1 != begun && !passes(none.matching, place))) continue;
        return text_of_conflict(at.stream, conflict_reason::condition, at.version,
                                stele::ruled_out_event{{place + 1}, at.data.type, at.data.tags});
    }
    return std::nullopt;
}

void naive_store::add_tags(std::size_t place, const stele::tag_list& tags) {
    if (events_[place].removed) return;
    for (const auto tag : tags.view()) events_[place].data.tags.add(tag);
}

void naive_store::step(const std::string& key, const std::string& type, std::uint64_t after, std::uint64_t up_to,
                       stele::timestamp now) {
    const auto [found, is_new] = keys_.try_emplace({key, type});
    auto& at = found->second;
    const bool was_complete = is_new || at.up_to >= at.goal;
    if (is_new || !was_complete) at.goal = std::max(at.goal, events_.size());
    if (after <= at.up_to) at.up_to = std::max(at.up_to, up_to);
    if (!was_complete || at.up_to >= at.goal) return;
    at.since = add({.stream = "stele-tags",
                    .version = {},
                    .data = {.id = {}, .type = "stele.v1.TaggingBegun"},
                    .recorded_at = now,
                    .closes_append = true,
                    .is_record = true})
                   .position.value;
}

std::string naive_store::tagging_status() const {
    std::string all;
    for (const auto& [of, at] : keys_)
        all += fmt::format("{} {} {} {} {}\n", of.first, of.second, at.up_to, at.goal, at.since);
    return all;
}

bool naive_store::names(const stele::event_query& query, const std::string& key) {
    std::string named = '\n' + query.tags.text();
    for (const auto& each : query.any_of) named += '\n' + each.tags.text();
    return named.contains('\n' + key + ':');
}

// Whether it names a tag with a key that not all events have.
bool naive_store::is_unknown(const stele::event_query& query) const {
    return std::ranges::any_of(keys_, [&](const auto& each) {
        return each.second.up_to < each.second.goal && names(query, each.first.first);
    });
}

std::uint64_t naive_store::last_tagging(const stele::event_query& query) const {
    std::uint64_t last = 0;
    for (const auto& [of, at] : keys_)
        if (names(query, of.first)) last = std::max(last, at.since);
    return last;
}
