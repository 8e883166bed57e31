#include "contract/naive/answers.hpp"

#include <stele/eventstore/system_events.hpp>

#include <fmt/format.h>

#include <algorithm>
#include <utility>

namespace {

std::int64_t count(stele::timestamp time) {
    return time.time_since_epoch().count();
}

std::string text_of(const std::optional<stele::event_place>& place) {
    if (!place) return "none";
    return fmt::format("{}@{} {}", place->position.value, place->version.value, count(place->recorded_at));
}

}  // namespace

std::string text_of_event(const stele::recorded_event& event) {
    const auto begin = fmt::format("{} {}@{} {} {}", event.position.value, event.stream, event.version.value,
                                   event.type, count(event.recorded_at));
    if (is_system_event(event)) return begin + '\n';
    std::string tags;
    for (const auto each : event.tags) tags += ' ' + std::string(each);
    return fmt::format("{} {} {} {}{}\n", begin, event.id.str(), event.payload, event.metadata.size(), tags);
}

std::string text_of_result(const stele::stream_position& last, bool repeated) {
    return fmt::format("{}at version {}, position {}\n", repeated ? "repeated " : "", last.version.value,
                       last.position.value);
}

std::string text_of_conflict(const std::string& stream, stele::conflict_reason reason, stele::version actual,
                             const std::optional<stele::ruled_out_event>& event) {
    const auto ruled_out =
        event ? fmt::format(": {} {} {}", event->position.value, event->type, event->tags.text()) : std::string{};
    return fmt::format("conflict {} at {}, version {}{}\n", static_cast<int>(reason), stream, actual.value, ruled_out);
}

std::string text_of(const stele::conflict& refused) {
    return text_of_conflict(refused.stream.str(), refused.reason, refused.actual, refused.event);
}

std::string text_of(const stele::append_all_outcome& outcome) {
    if (!outcome) return text_of(outcome.error());
    std::string all;
    for (const auto& each : *outcome) all += text_of_result(each, each.repeated);
    return all;
}

std::string text_of(const stele::append_outcome& outcome) {
    if (!outcome) return text_of(outcome.error());
    return text_of_result(*outcome, outcome->repeated);
}

std::string text_of(const stele::stream_info& info) {
    return fmt::format("{} is {} at {}, from {} to {}\n", info.stream, static_cast<int>(info.state), info.version.value,
                       text_of(info.first), text_of(info.last));
}

std::string text_of(stele::event_range range) {
    std::string all;
    for (const auto& event : std::move(range).events()) all += text_of_event(event);
    return all;
}

std::string answer_of(const std::function<std::string()>& ask) {
    try {
        return ask();
    } catch (const stele::error& failure) {
        if (failure.kind() != stele::error_kind::needs_tagging) throw;
        return needs_tagging_text;
    }
}

std::string joined(std::vector<std::string> lines, stele::direction order, std::uint64_t limit) {
    if (order == stele::direction::backward) std::ranges::reverse(lines);
    if (lines.size() > limit) lines.resize(limit);
    std::string all;
    for (const auto& line : lines) all += line;
    return all;
}
