#include "eventstore/engine/append_rules.hpp"

#include <utility>

namespace stele::inline v0::detail {
namespace {

// Whether an append with this expectation can have stored events right after version `before` of a stream. If all
// events up to `before` were removed, the stream may have been deleted then, so no_stream() was true.
bool can_have_followed(expected_version expected, version before, version removed) {
    if (expected == expected_version::no_stream()) return before <= removed;
    if (expected == expected_version::stream_exists()) return before.value != 0;
    return !expected.names_a_version() || expected.number() == before;
}

}  // namespace

std::optional<conflict> refusal_of(const stream_record& stream, const stream_id& name, expected_version expected) {
    const auto refuse = [&](conflict_reason reason) { return conflict{name, expected, stream.version(), reason}; };
    if (stream.state == stream_state::tombstoned) return refuse(conflict_reason::tombstoned);
    if (stream.state == stream_state::deleted && expected != expected_version::no_stream())
        return refuse(conflict_reason::deleted);
    if (!expected.accepts(stream.version())) return refuse(conflict_reason::version);
    if (stream.state == stream_state::live && stream.removed > expected.kept_after())
        return refuse(conflict_reason::removed);
    return std::nullopt;
}

std::optional<conflict> mismatch_of(const stream_record& stream, const stream_expectation& expectation) {
    if (stream.state == stream_state::live) return refusal_of(stream, expectation.stream, expectation.expected);
    if (expectation.expected.accepts({})) return std::nullopt;
    return conflict{expectation.stream,
                    expectation.expected,
                    {},
                    stream.state == stream_state::deleted ? conflict_reason::deleted : conflict_reason::tombstoned};
}

stream_info info_of(const stream_record& stream, std::string name) {
    return {.stream = std::move(name),
            .state = stream.id == 0 ? stream_state::absent : stream.state,
            .version = stream.version(),
            .first = {},
            .last = {}};
}

bool is_listed(std::string_view name, const stream_list_options& options) {
    const auto category = category_of(name);
    return name > options.after &&
           (options.category.empty() ? category != system_category : category == options.category);
}

conflict event_id_conflict(const stream_write& write, version actual) {
    return {write.stream, write.expected, actual, conflict_reason::event_id};
}

conflict document_conflict() {
    return {stream_id(system_category, "documents"), expected_version::no_stream(), {}, conflict_reason::document};
}

conflict condition_conflict(const recorded_event& first) {
    conflict broken{stream_id{std::string{first.stream}}, expected_version::any(), first.version,
                    conflict_reason::condition};
    broken.event = ruled_out_event{first.position, std::string{first.type}, tag_list{first.tags}};
    return broken;
}

std::expected<removal_plan, conflict> plan_removal(const stream_record& stream, const stream_id& name,
                                                   expected_version expected, stream_removal kind, version before) {
    const auto refuse = [&](conflict_reason reason) {
        return std::unexpected(conflict{name, expected, stream.version(), reason});
    };
    if (stream.state == stream_state::tombstoned) return refuse(conflict_reason::tombstoned);
    if (stream.state == stream_state::deleted && kind != stream_removal::tombstone)
        return refuse(conflict_reason::deleted);
    if (stream.id == 0 || !expected.accepts(stream.version())) return refuse(conflict_reason::version);

    if (kind == stream_removal::erase) return removal_plan{stream.last, stream_state::deleted};
    if (kind == stream_removal::tombstone) return removal_plan{stream.last, stream_state::tombstoned};
    const version up_to{before.value == 0 ? 0 : before.value - 1};
    if (up_to > stream.last)
        return std::unexpected(conflict{name, expected, stream.version(), conflict_reason::version, before});
    return removal_plan{up_to, stream.state};
}

stream_write removal_record(const event_data& record) {
    return {stream_id(system_category, "streams"), expected_version::any(), std::span(&record, 1)};
}

std::optional<std::vector<append_result>> find_repeated(std::span<const stream_write> writes, position first,
                                                        stored_events& stored) {
    // An append has consecutive positions, and the event before it closes another append.
    if (first.value > 1) {
        const auto before = stored.at({first.value - 1});
        if (before && !before->closes_append) return std::nullopt;
    }
    std::vector<append_result> results;
    auto at = first;
    for (const auto& write : writes) {
        const auto stream = stored.find_stream(write.stream);
        version last;
        for (const auto& event : write.events) {
            const bool closes = &write == &writes.back() && &event == &write.events.back();
            const auto found = stored.at(at);
            if (!found || found->stream != stream.id || found->id != event.id || found->closes_append != closes)
                return std::nullopt;
            const bool opens = &event == &write.events.front();
            if (opens && !can_have_followed(write.expected, {found->version.value - 1}, stream.removed))
                return std::nullopt;
            last = found->version;
            at = at.next();
        }
        results.push_back({{last, {at.value - 1}}, true});
    }
    return results;
}

}  // namespace stele::inline v0::detail
