#include "eventstore/names.hpp"
#include "stele_messages.pb.h"

#include <stele/eventstore/event_store.hpp>

#include <fmt/format.h>

#include <algorithm>
#include <set>
#include <utility>

namespace stele::inline v0 {
namespace {

constexpr std::size_t document_key_bytes = 1024;

[[noreturn]] void refuse(const stream_id& stream, std::string_view why) {
    throw error(error_kind::invalid_argument, fmt::format("append to stream '{}': {}", stream.str(), why));
}

void check_ids(std::span<const stream_write> writes) {
    std::vector<uuid> ids;
    bool ascending = true;  // ids as made by uuid::v7 are, and need no sort
    for (const auto& write : writes) {
        for (const auto& event : write.events) {
            if (event.id.is_nil())
                refuse(write.stream, "an event id is nil; leave it to the default or give one of your own");
            ascending = ascending && (ids.empty() || ids.back() < event.id);
            ids.push_back(event.id);
        }
    }
    if (ascending) return;
    std::ranges::sort(ids);
    if (const auto twice = std::ranges::adjacent_find(ids); twice != ids.end())
        refuse(writes.front().stream, fmt::format("event id {} stands twice in the batch", twice->str()));
}

void check_streams(std::span<const stream_write> writes) {
    std::vector<std::string_view> streams;
    for (const auto& write : writes) {
        if (write.stream.category() == system_category)
            refuse(write.stream, fmt::format("the category '{}' is kept for the store itself", system_category));
        if (write.events.empty()) refuse(write.stream, "the batch has no events");
        streams.push_back(write.stream.str());
    }
    std::ranges::sort(streams);
    if (const auto twice = std::ranges::adjacent_find(streams); twice != streams.end())
        refuse(stream_id(std::string(*twice)), "the stream stands twice in one append; join its events in one write");
}

void check_writes(std::span<const stream_write> writes, const store_limits& limits) {
    if (writes.empty()) throw error(error_kind::invalid_argument, "append: there is nothing to write");
    check_streams(writes);
    std::size_t bytes = 0;
    std::size_t count = 0;
    for (const auto& write : writes) {
        for (const auto& event : write.events) {
            detail::check_name("event type", event.type);
            const auto size = event.payload.size() + event.metadata.size();
            if (size > limits.event_bytes)
                refuse(write.stream, fmt::format("an event of type {} has {} bytes, at most {} are allowed", event.type,
                                                 size, limits.event_bytes));
            bytes += size;
        }
        count += write.events.size();
    }
    const auto& stream = writes.front().stream;
    if (count > limits.append_events)
        refuse(stream,
               fmt::format("{} events, at most {} are allowed in one append; split it", count, limits.append_events));
    if (bytes > limits.append_bytes)
        refuse(stream,
               fmt::format("{} bytes, at most {} are allowed in one append; split it", bytes, limits.append_bytes));
    check_ids(writes);
}

void check_documents(std::span<const document_write> documents, const store_limits& limits) {
    std::size_t bytes = 0;
    std::set<std::pair<std::string_view, std::string_view>> seen;
    for (const auto& document : documents) {
        detail::check_name("document kind", document.kind);
        const auto refuse_document = [&](std::string_view what, std::size_t size, std::size_t limit) {
            throw error(error_kind::invalid_argument, fmt::format("document of kind '{}': the {} has {} bytes, {} are "
                                                                  "allowed",
                                                                  document.kind, what, size, limit));
        };
        if (document.key.empty() || document.key.size() > document_key_bytes)
            refuse_document("key", document.key.size(), document_key_bytes);
        if (document.value.size() > limits.event_bytes)
            refuse_document("value", document.value.size(), limits.event_bytes);
        if (!seen.emplace(document.kind, document.key).second)
            throw error(error_kind::invalid_argument,
                        fmt::format("document of kind '{}': one key stands twice in the append", document.kind));
        bytes += document.key.size() + document.value.size();
    }
    if (bytes > limits.append_bytes)
        throw error(error_kind::invalid_argument, fmt::format("append: the documents have {} bytes, {} are allowed in "
                                                              "one append; split it",
                                                              bytes, limits.append_bytes));
}

// Moves the near end of the window behind the events of `batch` and takes them from the limit.
template <class Options, class Point>
void advance(Options& options, Point last, std::size_t count) {
    if (options.direction == direction::forward)
        options.after = last;
    else
        options.up_to = Point{last.value - 1};
    options.limit -= count;
}

// The record of a removal, as it is appended to the stream "stele-streams".
template <class Message>
event_data record_of(const Message& message) {
    event_data record;
    record.type = message.GetTypeName();
    record.payload = message.SerializeAsString();
    return record;
}

}  // namespace

std::string conflict::message() const {
    switch (reason) {
        case conflict_reason::event_id:
            return fmt::format(
                "append to stream '{}' (expected version {}): one of the event ids is stored already, but "
                "not by an append of just these events",
                stream.str(), expected.str());
        case conflict_reason::deleted:
            return fmt::format("stream '{}' was deleted (expected version {}); expect no_stream to start it again",
                               stream.str(), expected.str());
        case conflict_reason::tombstoned: return fmt::format("stream '{}' was closed for ever", stream.str());
        case conflict_reason::document: return "a document that was to be added is in the store already; read it";
        case conflict_reason::version: break;
    }
    return fmt::format("append to stream '{}': expected version {}, but it is at {}", stream.str(), expected.str(),
                       actual.value);
}

bool event_filter::passes(std::string_view stream, std::string_view type) const {
    const auto begins_stream = [stream](std::string_view prefix) { return stream.starts_with(prefix); };
    return (passes_all_streams() || std::ranges::find(categories, category_of(stream)) != categories.end() ||
            std::ranges::any_of(stream_prefixes, begins_stream)) &&
           (types.empty() || std::ranges::find(types, type) != types.end());
}

std::expected<append_result, conflict> event_store::append(const stream_id& stream, expected_version expected,
                                                           std::span<const event_data> events) {
    const stream_write write{stream, expected, events};
    const auto results = append(std::span(&write, 1));
    if (!results) return std::unexpected(results.error());
    return results->front();
}

std::expected<std::vector<append_result>, conflict> event_store::append(std::span<const stream_write> writes) {
    return append(writes, {});
}

std::expected<std::vector<append_result>, conflict> event_store::append(std::span<const stream_write> writes,
                                                                        std::span<const document_write> documents) {
    if (!writes.empty() || documents.empty()) check_writes(writes, limits());
    check_documents(documents, limits());
    return do_append(writes, documents);
}

std::future<std::expected<append_result, conflict>> event_store::append_async(stream_id stream,
                                                                              expected_version expected,
                                                                              std::vector<event_data> events) {
    const stream_write write{stream, expected, events};
    check_writes(std::span(&write, 1), limits());
    return do_append_async(std::move(stream), expected, std::move(events));
}

std::expected<append_result, conflict> event_store::truncate_stream(const stream_id& stream, version before,
                                                                    expected_version expected) {
    return remove(stream, expected, removal::truncate, before);
}

std::expected<append_result, conflict> event_store::delete_stream(const stream_id& stream, expected_version expected) {
    return remove(stream, expected, removal::erase, {});
}

std::expected<append_result, conflict> event_store::tombstone_stream(const stream_id& stream,
                                                                     expected_version expected) {
    return remove(stream, expected, removal::tombstone, {});
}

std::expected<append_result, conflict> event_store::remove(const stream_id& stream, expected_version expected,
                                                           removal what, version before) {
    if (stream.category() == system_category)
        throw error(
            error_kind::invalid_argument,
            fmt::format("stream '{}' is kept by the store itself; nothing can be removed from it", stream.str()));
    if (what == removal::truncate) {
        v1::StreamTruncated record;
        record.set_stream(stream.str());
        record.set_before(before.value);
        return do_remove(stream, expected, what, before, record_of(record));
    }
    if (what == removal::erase) {
        v1::StreamDeleted record;
        record.set_stream(stream.str());
        return do_remove(stream, expected, what, before, record_of(record));
    }
    v1::StreamTombstoned record;
    record.set_stream(stream.str());
    return do_remove(stream, expected, what, before, record_of(record));
}

event_range event_store::read_stream(stream_id stream, stream_read_options options) {
    return event_range([this, stream = std::move(stream), options](event_batch& batch) mutable {
        if (options.limit == 0 || options.after >= options.up_to) return;
        fetch(stream, options, batch);
        if (!batch.empty()) advance(options, batch.back().version, batch.size());
    });
}

event_range event_store::read_all(all_read_options options) {
    for (const auto& category : options.filter.categories) detail::check_name("filter: category", category);
    for (const auto& prefix : options.filter.stream_prefixes) detail::check_name("filter: stream prefix", prefix);
    for (const auto& type : options.filter.types) detail::check_name("filter: event type", type);
    return event_range([this, options = std::move(options)](event_batch& batch) mutable {
        if (options.limit == 0 || options.after >= options.up_to) return;
        fetch(options, batch);
        if (!batch.empty()) advance(options, batch.back().position, batch.size());
    });
}

}  // namespace stele::inline v0
