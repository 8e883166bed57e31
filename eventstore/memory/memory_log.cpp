#include "eventstore/memory/memory_log.hpp"

#include "eventstore/engine/name_ranges.hpp"
#include "eventstore/engine/query_plan.hpp"

#include <stele/eventstore/hashtree/leaf.hpp>

#include <algorithm>
#include <set>
#include <string_view>
#include <utility>

namespace stele::inline v0::detail {

class memory_log::lookup final : public stored_events {
public:
    explicit lookup(const memory_log& log) : log_(log) {}

    std::optional<stored_event> at(position where) override {
        if (where > log_.head() || log_.at(where).removed) return std::nullopt;
        const auto& event = log_.at(where);
        return stored_event{event.stream_number, event.version, event.data.id, event.closes_append};
    }
    stream_record find_stream(const stream_id& name) override { return log_.record_of(name); }

private:
    const memory_log& log_;
};

stream_record memory_log::record_of(const stream_id& name) const {
    const auto found = streams_.find(name.str());
    return found == streams_.end() ? stream_record{} : found->second.record;
}

std::optional<conflict> memory_log::refusal_of(const stream_write& write) const {
    const auto stream = record_of(write.stream);
    if (auto refused = detail::refusal_of(stream, write.stream, write.expected)) return refused;
    for (const auto& event : write.events)
        if (ids_.contains(event.id)) return event_id_conflict(write, stream.version());
    return std::nullopt;
}

std::optional<std::vector<append_result>> memory_log::find_repeated(std::span<const stream_write> writes) const {
    const auto first = ids_.find(writes.front().events.front().id);
    if (first == ids_.end()) return std::nullopt;
    lookup stored(*this);
    return detail::find_repeated(writes, first->second, stored);
}

bool memory_log::adds_existing(std::span<const document_write> writes) const {
    return std::ranges::any_of(writes, [this](const document_write& write) {
        const auto kind = documents_.find(write.kind);
        return write.action == document_action::add && kind != documents_.end() && kind->second.contains(write.key);
    });
}

std::optional<conflict> memory_log::refusal_of(const append_condition& condition) const {
    if (const auto* none = std::get_if<no_event>(&condition)) {
        expect_position(*none, head());
        expect_complete(none->matching);
        auto first = first_match(none->matching, none->after);
        if (const auto begun = last_tagging(none->matching, list_tagging()); begun > none->after)
            first = std::min(first.value_or(begun), begun);
        return first ? std::optional{condition_conflict(view_of(*first))} : std::nullopt;
    }
    if (const auto* expected = std::get_if<document_expectation>(&condition)) {
        const auto kind = documents_.find(expected->kind);
        const auto found =
            kind == documents_.end() ? documents_of_kind::const_iterator{} : kind->second.find(expected->key);
        const bool exists = kind != documents_.end() && found != kind->second.end();
        if (exists ? expected->value == found->second.value : !expected->value) return std::nullopt;
        return document_conflict();
    }
    const auto& expectation = std::get<stream_expectation>(condition);
    return mismatch_of(record_of(expectation.stream), expectation);
}

std::optional<conflict> memory_log::refusal_of(std::span<const stream_write> writes,
                                               std::span<const append_condition> conditions) const {
    for (const auto& each : conditions)
        if (auto refused = refusal_of(each)) return refused;
    for (const auto& write : writes)
        if (auto refused = refusal_of(write)) return refused;
    return std::nullopt;
}

append_all_outcome memory_log::append(std::span<const stream_write> writes, std::span<const document_write> documents,
                                      std::span<const append_condition> conditions) {
    if (!tagging_.empty() && !conditions.empty() && !writes.empty())  // whether they hold may be unknown
        if (auto earlier = find_repeated(writes)) return *std::move(earlier);
    if (const auto refused = refusal_of(writes, conditions)) {
        if (!writes.empty())
            if (auto earlier = find_repeated(writes)) return *std::move(earlier);
        return std::unexpected(*refused);
    }
    if (adds_existing(documents)) return std::unexpected(document_conflict());
    const auto now = events_.empty() ? now_() : std::max(now_(), events_.back().recorded_at);
    auto prepared = prepare(writes, documents, now);
    store(prepared, writes);
    return std::move(prepared.results);
}

// Makes all that needs memory. Until store() nobody can see it.
memory_log::prepared_append memory_log::prepare(std::span<const stream_write> writes,
                                                std::span<const document_write> documents, timestamp now) {
    prepared_append next;
    for (const auto& write : writes) {
        auto& [name, stream] = *streams_.try_emplace(write.stream.str()).first;
        auto last = stream.record.last;
        for (const auto& event : write.events) {
            last = last.next();
            const bool closes = &write == &writes.back() && &event == &write.events.back();
            next.events.push_back({&name, 0, last, now, closes, false, event, {}});
            const position where{events_.size() + next.events.size()};
            next.ids.emplace(event.id, where);
            std::ranges::move(places_for(event.tags, where), std::back_inserter(next.tagged));
        }
        make_room(stream.positions, write.events.size());
        next.streams.push_back(&stream);
        next.results.push_back({{last, {events_.size() + next.events.size()}}});
    }
    make_room(events_, next.events.size());
    make_room_for(next.tagged);
    for (const auto& each : documents) {
        auto& change = next.documents.emplace_back(&documents_.try_emplace(each.kind).first->second, each.key);
        if (each.action == document_action::remove) continue;
        std::map<std::string, kept_document, std::less<>> one;
        one.try_emplace(each.key, kept_document{each.value, {events_.size() + next.events.size()}, now});
        change.node = one.extract(one.begin());
    }
    return next;
}

void memory_log::store(prepared_append& next, std::span<const stream_write> writes) noexcept {
    auto event = next.events.begin();
    for (std::size_t i = 0; i < writes.size(); ++i) {
        auto& stream = *next.streams[i];
        auto& record = stream.record;
        if (record.id == 0) record.id = ++last_stream_;
        record.state = stream_state::live;
        for (std::size_t n = writes[i].events.size(); n > 0; --n, ++event) {
            record.last = event->version;
            event->stream_number = record.id;
            events_.push_back(std::move(*event));
            stream.positions.push_back(head());
        }
    }
    ids_.merge(next.ids);
    for (const auto& [positions, where] : next.tagged) positions->push_back(where);
    for (auto& [kind, key, node] : next.documents) {
        kind->erase(key);
        if (node) kind->insert(std::move(node));
    }
}

append_outcome memory_log::remove(const stream_id& name, expected_version expected, stream_removal kind, version before,
                                  const event_data& record) {
    const auto plan = plan_removal(record_of(name), name, expected, kind, before);
    if (!plan) return std::unexpected(plan.error());
    const auto write = removal_record(record);
    // First: these may throw, the rest cannot.
    tree();
    auto recorded = append(std::span(&write, 1));
    if (!recorded) return std::unexpected(std::move(recorded).error());
    const auto stream = streams_.find(name.str());
    remove(stream->second, plan->up_to);
    stream->second.record.state = plan->state;
    return recorded->front();
}

void memory_log::remove(kept_stream& stream, version up_to) noexcept {
    for (auto n = stream.record.removed.value; n < up_to.value; ++n) {
        auto& event = events_[stream.positions[n].value - 1];
        ids_.erase(event.data.id);
        event.removed = true;
        event.data = {};
        event.tags = {};
    }
    stream.record.removed = std::max(stream.record.removed, up_to);
}

tile_source& memory_log::tree() {
    while (tree_.size() < events_.size()) tree_.add(leaf_hash(view_of({tree_.size() + 1})));
    return tree_;
}

recorded_event memory_log::view_of(position where) const {
    const auto& event = at(where);
    auto view = as_recorded(event.data, *event.stream, {event.version, where}, event.recorded_at);
    if (event.tags.added.empty()) return view;
    view.tags = event.tags.all;
    view.added_tags = event.tags.added;
    return view;
}

bool memory_log::full(const event_batch& batch, std::uint64_t limit) const {
    return batch.size() >= std::min<std::uint64_t>(limit, limits_.read_batch_events) ||
           batch.size_bytes() >= limits_.read_batch_bytes;
}

void memory_log::fetch(const stream_id& stream, const stream_read_options& options, event_batch& batch) const {
    const auto found = streams_.find(stream.str());
    if (found == streams_.end()) return;
    const auto& positions = found->second.positions;
    const event_query by_type{.types = options.types};
    const auto first = options.after.value;
    const auto last = std::min<std::uint64_t>(options.up_to.value, positions.size());
    for (auto n = first; n < last && !full(batch, options.limit); ++n) {
        const auto where = positions[options.direction == direction::forward ? n : first + last - 1 - n];
        const auto& event = at(where);
        if (where <= options.as_of && !event.removed && by_type.passes({}, event.data.type)) batch.add(view_of(where));
    }
}

void memory_log::fetch(const all_read_options& options, event_batch& batch) const {
    expect_complete(options.filter);
    const name_ranges streams(options.filter);
    event_query by_event = options.filter;
    by_event.categories = by_event.stream_prefixes = by_event.streams = {};
    visit_candidates(options.filter, options.after, std::min(options.up_to, head()), options.direction,
                     [&](position where) {
                         if (full(batch, options.limit)) return false;
                         const auto& event = at(where);
                         if (!event.removed && by_event.passes(view_of(where)) &&
                             (streams.empty() || streams.contains(*event.stream)))
                             batch.add(view_of(where));
                         return true;
                     });
}

std::optional<owned_event> memory_log::find_event(const uuid& id) const {
    const auto found = ids_.find(id);
    if (found == ids_.end()) return std::nullopt;
    return owned_event(view_of(found->second));
}

stream_info memory_log::info_of(const std::string& name, const kept_stream& stream) const {
    const auto& record = stream.record;
    auto info = detail::info_of(record, name);
    if (record.removed == record.last) return info;
    const auto place_of = [&](stele::version which) {
        const auto where = stream.positions[which.value - 1];
        return event_place{{which, where}, at(where).recorded_at};
    };
    info.first = place_of(record.removed.next());
    info.last = place_of(record.last);
    return info;
}

stream_info memory_log::find_stream(const stream_id& name) const {
    const auto found = streams_.find(name.str());
    return found == streams_.end() ? stream_info{.stream = name.str()} : info_of(found->first, found->second);
}

std::vector<stream_info> memory_log::list_streams(const stream_list_options& options) const {
    std::vector<stream_info> listed;
    for (const auto& [name, stream] : streams_) {
        const bool removed = stream.record.state != stream_state::live;
        if (is_listed(name, options) && stream.record.id != 0 && (options.removed || !removed))
            listed.push_back(info_of(name, stream));
    }
    std::ranges::sort(listed, {}, &stream_info::stream);
    if (listed.size() > options.limit) listed.resize(options.limit);
    return listed;
}

std::vector<document> memory_log::list_documents(std::string_view kind, const document_read_options& options) const {
    std::vector<document> found;
    const auto all = documents_.find(kind);
    if (all == documents_.end()) return found;
    auto next = options.after < options.prefix ? all->second.lower_bound(options.prefix)
                                               : all->second.upper_bound(options.after);
    for (; next != all->second.end() && found.size() < options.limit && next->first.starts_with(options.prefix); ++next)
        found.push_back({next->first, next->second.value, next->second.position, next->second.written_at});
    return found;
}

std::vector<std::string> memory_log::event_types() const {
    std::set<std::string_view> names;
    for (const auto& event : events_)
        if (!event.removed) names.insert(event.data.type);
    return {names.begin(), names.end()};
}

position memory_log::position_at(timestamp time) const {
    auto after = std::ranges::upper_bound(events_, time, {}, &kept_event::recorded_at);
    while (after != events_.begin() && std::prev(after)->removed) --after;
    return {static_cast<std::uint64_t>(after - events_.begin())};
}

}  // namespace stele::inline v0::detail
