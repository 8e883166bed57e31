#include "contract/naive/naive_store.hpp"

#include "contract/naive/answers.hpp"

#include <stele/eventstore/system_events.hpp>

#include <algorithm>
#include <utility>

using stele::conflict_reason;
using stele::expected_version;
using stele::stream_state;

const naive_store::stream& naive_store::find(const std::string& name) const {
    static const stream none;
    const auto found = streams_.find(name);
    return found == streams_.end() ? none : found->second;
}

std::uint64_t naive_store::last_version(const std::string& name) const {
    return find(name).places.size();
}

stele::version naive_store::stream_version(const std::string& name) const {
    return {find(name).state == stream_state::live ? last_version(name) : 0};
}

std::optional<std::size_t> naive_store::place_of(const stele::uuid& id) const {
    for (std::size_t i = 0; i < events_.size(); ++i)
        if (!events_[i].removed && !events_[i].is_record && events_[i].data.id == id) return i;
    return std::nullopt;
}

std::optional<std::string> naive_store::refusal(const stele::stream_write& write) const {
    const auto& name = write.stream.str();
    const auto& all = find(name);
    const auto actual = stream_version(name);
    const auto refuse = [&](conflict_reason reason) { return text_of_conflict(name, reason, actual); };
    if (all.state == stream_state::tombstoned) return refuse(conflict_reason::tombstoned);
    if (all.state == stream_state::deleted && write.expected != expected_version::no_stream())
        return refuse(conflict_reason::deleted);
    if (!write.expected.accepts(actual)) return refuse(conflict_reason::version);
    if (all.state == stream_state::live && all.removed_up_to > write.expected.kept_after().value)
        return refuse(conflict_reason::removed);
    for (const auto& each : write.events)
        if (place_of(each.id)) return refuse(conflict_reason::event_id);
    return std::nullopt;
}

std::optional<std::string> naive_store::repeated(const std::vector<stele::stream_write>& writes) const {
    const auto first = place_of(writes.front().events.front().id);
    if (!first) return std::nullopt;
    auto place = *first;
    if (place > 0 && !events_[place - 1].removed && !events_[place - 1].closes_append) return std::nullopt;
    std::string all;
    for (const auto& write : writes) {
        const auto& all_of = find(write.stream.str());
        const auto before = events_[place].version.value - 1;
        if (write.expected == expected_version::no_stream() && before > all_of.removed_up_to) return std::nullopt;
        if (write.expected == expected_version::stream_exists() && before == 0) return std::nullopt;
        if (write.expected.names_a_version() && write.expected != expected_version::no_stream() &&
            write.expected.number().value != before)
            return std::nullopt;
        for (const auto& each : write.events) {
            if (place >= events_.size()) return std::nullopt;
            const auto& stored = events_[place++];
            const bool closes = &write == &writes.back() && &each == &write.events.back();
            if (stored.removed || stored.stream != write.stream.str() || stored.data.id != each.id ||
                stored.closes_append != closes)
                return std::nullopt;
        }
        all += text_of_result({events_[place - 1].version, {place}}, true);
    }
    return all;
}

stele::stream_position naive_store::add(event next) {
    auto& all = streams_[next.stream];
    all.state = stream_state::live;
    all.places.push_back(events_.size());
    next.version.value = all.places.size();
    if (!events_.empty()) next.recorded_at = std::max(next.recorded_at, events_.back().recorded_at);
    events_.push_back(std::move(next));
    return {events_.back().version, {events_.size()}};
}

std::string naive_store::append(const std::vector<stele::stream_write>& writes, stele::timestamp now,
                                const std::vector<stele::append_condition>& conditions,
                                const std::vector<stele::document_write>& documents) {
    for (const auto& each : conditions)
        if (const auto refused = broken(each)) return repeated(writes).value_or(*refused);
    for (const auto& write : writes)
        if (const auto refused = refusal(write)) return repeated(writes).value_or(*refused);
    for (const auto& each : documents)
        if (each.action == stele::document_action::add && documents_.contains({each.kind, each.key}))
            return text_of_conflict("stele-documents", conflict_reason::document, {});
    for (const auto& each : documents) {
        documents_.erase({each.kind, each.key});
        if (each.action != stele::document_action::remove)
            documents_.emplace(std::pair{each.kind, each.key}, each.value);
    }
    std::string all;
    for (const auto& write : writes) {
        stele::stream_position last;
        for (const auto& each : write.events) {
            const bool closes = &write == &writes.back() && &each == &write.events.back();
            last = add({.stream = write.stream.str(),
                        .version = {},
                        .data = each,
                        .recorded_at = now,
                        .closes_append = closes});
        }
        all += text_of_result(last, false);
    }
    return all;
}

std::string naive_store::remove(const std::string& name, expected_version expected, stele::stream_removal kind,
                                stele::version before, stele::timestamp now) {
    using enum stele::stream_removal;
    const auto actual = stream_version(name);
    const auto refuse = [&](conflict_reason reason) { return text_of_conflict(name, reason, actual); };
    const auto state = find(name).state;
    if (state == stream_state::tombstoned) return refuse(conflict_reason::tombstoned);
    if (state == stream_state::deleted && kind != tombstone) return refuse(conflict_reason::deleted);
    if (state == stream_state::absent || !expected.accepts(actual)) return refuse(conflict_reason::version);
    if (kind == truncate && before.value > last_version(name) + 1) return refuse(conflict_reason::version);

    auto& all = streams_[name];
    const auto up_to = kind == truncate ? std::max<std::uint64_t>(before.value, 1) - 1 : all.places.size();
    for (std::size_t i = 0; i < up_to; ++i) events_[all.places[i]].removed = true;
    all.removed_up_to = std::max(all.removed_up_to, up_to);
    if (kind != truncate) all.state = kind == erase ? stream_state::deleted : stream_state::tombstoned;
    const auto type = kind == truncate ? "stele.v1.StreamTruncated"
                      : kind == erase  ? "stele.v1.StreamDeleted"
                                       : "stele.v1.StreamTombstoned";
    return text_of_result(add({.stream = "stele-streams",
                               .version = {},
                               .data = {.id = {}, .type = type},
                               .recorded_at = now,
                               .closes_append = true,
                               .is_record = true}),
                          false);
}

std::string naive_store::line(std::size_t place) const {
    const auto& at = events_[place];
    return text_of_event(stele::as_recorded(at.data, at.stream, {at.version, {place + 1}}, at.recorded_at));
}

std::string naive_store::read_stream(const std::string& name, const stele::stream_read_options& options) const {
    std::vector<std::string> lines;
    for (const auto place : find(name).places) {
        const auto& at = events_[place];
        const bool of_type = options.types.empty() || std::ranges::count(options.types, at.data.type) > 0;
        if (!at.removed && at.version > options.after && at.version <= options.up_to &&
            place + 1 <= options.as_of.value && of_type)
            lines.push_back(line(place));
    }
    return joined(std::move(lines), options.direction, options.limit);
}

std::string naive_store::read_all(const stele::all_read_options& options) const {
    if (is_unknown(options.filter) && options.limit != 0 && options.after < options.up_to) return needs_tagging_text;
    std::vector<std::string> lines;
    for (std::size_t place = 0; place < events_.size(); ++place) {
        const auto position = place + 1;
        if (!events_[place].removed && position > options.after.value && position <= options.up_to.value &&
            passes(options.filter, place))
            lines.push_back(line(place));
    }
    return joined(std::move(lines), options.direction, options.limit);
}

std::string naive_store::find_event(const stele::uuid& id) const {
    const auto place = place_of(id);
    return place ? line(*place) : "none";
}

std::string naive_store::info(const std::string& name, const stream& all) const {
    stele::stream_info info{.stream = name, .state = all.state, .version = stream_version(name)};
    for (const auto place : all.places) {
        const auto& at = events_[place];
        if (at.removed) continue;
        const stele::event_place here{{at.version, {place + 1}}, at.recorded_at};
        if (!info.first) info.first = here;
        info.last = here;
    }
    return text_of(info);
}

std::string naive_store::find_stream(const std::string& name) const {
    return info(name, find(name));
}

std::string naive_store::list_streams(const stele::stream_list_options& options) const {
    std::string all;
    std::size_t count = 0;
    for (const auto& [name, each] : streams_) {
        const auto category = stele::category_of(name);
        const bool wanted = options.category.empty() ? category != "stele" : category == options.category;
        if (!wanted || name <= options.after || count == options.limit) continue;
        if (each.state != stream_state::live && !options.removed) continue;
        all += info(name, each);
        ++count;
    }
    return all;
}

stele::position naive_store::position_at(stele::timestamp time) const {
    stele::position last;
    for (std::size_t place = 0; place < events_.size(); ++place)
        if (!events_[place].removed && events_[place].recorded_at <= time) last.value = place + 1;
    return last;
}
