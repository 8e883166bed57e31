#include "eventstore/engine/added_tags.hpp"
#include "eventstore/engine/argument_checks.hpp"
#include "eventstore/names.hpp"

#include <stele/eventstore/detail/removals.hpp>
#include <stele/eventstore/event_store.hpp>
#include <stele/eventstore/format.hpp>
#include <stele/eventstore/metadata.hpp>

#include <utility>

namespace stele::inline v0 {
namespace {

// Moves the near end of the window past the events just read and takes their number from the limit.
template <class Options, class Point>
void advance(Options& options, Point last, std::size_t count) {
    if (options.direction == direction::forward)
        options.after = last;
    else
        options.up_to = Point{last.value - 1};
    options.limit -= count;
}

// Fetches the next events of the window. A bound by business time is applied here, for every engine.
template <class Options>
void fetch_next(Options& options, event_batch& batch, const auto& last_of, const auto& fetch) {
    const bool takes_all = options.occurred_up_to == Options{}.occurred_up_to;
    event_batch fetched;
    while (batch.empty() && options.limit != 0 && options.after < options.up_to) {
        if (takes_all) {
            fetch(options, batch);
            if (!batch.empty()) advance(options, last_of(batch.back()), batch.size());
            return;
        }
        auto next = options;
        next.limit = Options{}.limit;
        fetched.clear();
        fetch(next, fetched);
        if (fetched.empty()) return;
        for (const recorded_event& event : fetched)
            if (batch.size() < options.limit && occurred_at(event) <= options.occurred_up_to) batch.add(event);
        advance(options, last_of(fetched.back()), batch.size());
    }
}

[[noreturn]] void refuse_tree() {
    throw error(error_kind::invalid_argument,
                "this store keeps no hash tree, so it has no root and proves nothing; use one that does");
}

}  // namespace

append_outcome event_store::append(const stream_id& stream, expected_version expected,
                                   std::span<const event_data> events,
                                   const std::vector<append_condition>& conditions) {
    const stream_write write{stream, expected, events};
    const auto results = append(std::span(&write, 1), {}, conditions);
    if (!results) return std::unexpected(results.error());
    return results->front();
}

append_outcome event_store::append(const stream_id& stream, expected_version expected,
                                   std::initializer_list<event_data> events,
                                   const std::vector<append_condition>& conditions) {
    return append(stream, expected, std::span<const event_data>(events.begin(), events.size()), conditions);
}

append_outcome event_store::append(const stream_id& stream, expected_version expected, const event_data& event,
                                   const std::vector<append_condition>& conditions) {
    return append(stream, expected, std::span(&event, 1), conditions);
}

append_all_outcome event_store::append(std::span<const stream_write> writes) {
    return append(writes, {});
}

append_all_outcome event_store::append(std::span<const stream_write> writes, std::span<const document_write> documents,
                                       std::span<const append_condition> conditions) {
    if (!writes.empty() || documents.empty()) detail::check_writes(writes, limits());
    detail::check_documents(documents, limits());
    detail::check_conditions(conditions, writes);
    return do_append(writes, documents, conditions);
}

append_all_outcome event_store::append(std::span<const stream_write> writes, std::span<const document_write> documents,
                                       std::initializer_list<append_condition> conditions) {
    return append(writes, documents, std::span<const append_condition>(conditions.begin(), conditions.size()));
}

std::future<append_outcome> event_store::append_async(stream_id stream, expected_version expected,
                                                      std::vector<event_data> events,
                                                      std::vector<append_condition> conditions) {
    const stream_write write{stream, expected, events};
    detail::check_writes(std::span(&write, 1), limits());
    detail::check_conditions(conditions, std::span(&write, 1));
    return do_append_async(std::move(stream), expected, std::move(events), std::move(conditions));
}

append_outcome event_store::truncate_stream(const stream_id& stream, version before, expected_version expected) {
    return remove(stream, expected, stream_removal::truncate, before);
}

append_outcome event_store::delete_stream(const stream_id& stream, expected_version expected) {
    return remove(stream, expected, stream_removal::erase, {});
}

append_outcome event_store::tombstone_stream(const stream_id& stream, expected_version expected) {
    return remove(stream, expected, stream_removal::tombstone, {});
}

append_outcome event_store::remove(const stream_id& stream, expected_version expected, stream_removal kind,
                                   version before) {
    detail::check_stream("remove from", stream);
    if (stream.category() == system_category)
        throw error(error_kind::invalid_argument,
                    fmt::format("stream '{}' belongs to the store itself; nothing can be removed from it", stream));
    switch (kind) {
        case stream_removal::truncate:
            return do_remove(stream, expected, kind, before, detail::record_of(stream_truncated{stream.str(), before}));
        case stream_removal::erase:
            return do_remove(stream, expected, kind, before, detail::record_of(stream_deleted{stream.str(), false}));
        case stream_removal::tombstone:
            return do_remove(stream, expected, kind, before, detail::record_of(stream_deleted{stream.str(), true}));
    }
    std::unreachable();
}

std::optional<document> event_store::find_document(std::string_view kind, std::string_view key) {
    detail::check_document(kind, key);
    return do_find_document(kind, key);
}

std::vector<document> event_store::list_documents(std::string_view kind, const document_read_options& options) {
    detail::check_name("document kind", kind);
    return do_list_documents(kind, options);
}

stream_info event_store::find_stream(const stream_id& stream) {
    detail::check_stream("find", stream);
    return do_find_stream(stream);
}

std::vector<stream_info> event_store::list_streams(const stream_list_options& options) {
    if (!options.category.empty()) detail::check_category("list_streams", options.category);
    return do_list_streams(options);
}

version event_store::stream_version(const stream_id& stream) {
    detail::check_stream("read", stream);
    return do_stream_version(stream);
}

event_range event_store::read_stream(stream_id stream, stream_read_options options) & {
    detail::check_stream("read", stream);
    detail::check_types(options.types);
    return event_range([this, stream = std::move(stream), options = std::move(options)](event_batch& batch) mutable {
        fetch_next(
            options, batch, [](const recorded_event& last) { return last.version; },
            [&](const auto& next, event_batch& into) { do_fetch(stream, next, into); });
    });
}

event_range event_store::read_all(all_read_options options) & {
    detail::check_query(options.filter);
    if (detail::names_tags(options.filter)) return read_tagged(std::move(options));
    return event_range([this, options = std::move(options)](event_batch& batch) mutable {
        fetch_next(
            options, batch, [](const recorded_event& last) { return last.position; },
            [&](const auto& next, event_batch& into) { do_fetch(next, into); });
    });
}

// The tags of a stored event have no position. If some were added since the read began, it has passed over events that
// carry them now.
event_range event_store::read_tagged(all_read_options options) {
    return event_range(
        [this, options = std::move(options), head = std::optional<position>{}](event_batch& batch) mutable {
            if (!head) head = this->head();
            fetch_next(
                options, batch, [](const recorded_event& last) { return last.position; },
                [&](const auto& next, event_batch& into) { do_fetch(next, into); });
            detail::expect_no_tagging_after(*head, options.filter, do_tagging_status());
        });
}

std::optional<owned_event> event_store::last_event(all_read_options options) {
    options.direction = direction::backward;
    options.limit = 1;
    for (const recorded_event& event : read_all(std::move(options)).events()) return owned_event(event);
    return std::nullopt;
}

std::uint64_t event_store::count_events(const all_read_options& options) {
    std::uint64_t count = 0;
    for (const event_batch& batch : read_all(options)) count += batch.size();
    return count;
}

void event_store::add_tags(const tag_batch& batch) {
    detail::check_tag_batch(batch);
    do_add_tags(batch, detail::record_of(batch));
}

inclusion_proof event_store::prove_inclusion(position event, position size) {
    if (event.value == 0 || event > size)
        throw error(error_kind::invalid_argument,
                    fmt::format("prove_inclusion: a tree of size {} has no event at position {}; {}", size, event,
                                size.value == 0 ? "name a size of at least 1"
                                                : fmt::format("name a position from 1 to {}", size)));
    return do_prove_inclusion(event, size);
}

consistency_proof event_store::prove_consistency(position old_size, position new_size) {
    if (old_size > new_size)
        throw error(error_kind::invalid_argument,
                    fmt::format("prove_consistency: a tree of size {} cannot continue one of size {}; name an old size "
                                "from 0 to {}",
                                new_size, old_size, new_size));
    return do_prove_consistency(old_size, new_size);
}

void event_store::do_add_tags(const tag_batch& /*batch*/, const event_data& /*record*/) {
    throw error(error_kind::invalid_argument,
                "this store adds no tags to events that are stored, so nothing was added; use one that does");
}

std::vector<stele::tagging_status> event_store::do_tagging_status() {
    return {};
}

tree_root event_store::do_root(std::optional<position> /*size*/) {
    refuse_tree();
}

inclusion_proof event_store::do_prove_inclusion(position /*event*/, position /*size*/) {
    refuse_tree();
}

consistency_proof event_store::do_prove_consistency(position /*old_size*/, position /*new_size*/) {
    refuse_tree();
}

}  // namespace stele::inline v0
