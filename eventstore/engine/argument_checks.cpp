#include "eventstore/engine/argument_checks.hpp"

#include "eventstore/names.hpp"

#include <stele/eventstore/detail/utf8.hpp>
#include <stele/eventstore/format.hpp>

#include <algorithm>
#include <set>
#include <string_view>
#include <utility>

namespace stele::inline v0::detail {
namespace {

constexpr std::size_t document_key_bytes = 1024;

[[noreturn]] void refuse(const stream_id& stream, std::string_view reason) {
    throw error(error_kind::invalid_argument, fmt::format("append to stream '{}': {}", stream, reason));
}

// JSON is UTF-8 (RFC 8259). Whether it is JSON besides is not looked at: what others wrote is kept as it is.
void check_content(const stream_id& stream, const event_data& event) {
    if (event.content == event_content::message || event.content == event_content::octets) return;
    if (event.content != event_content::json)
        refuse(stream, fmt::format("an event of type {} has content {}, which there is not; take one of event_content",
                                   event.type, std::to_underlying(event.content)));
    if (!is_utf8(event.payload))
        refuse(stream, fmt::format("an event of type {} is called JSON, and is not valid UTF-8; append it as octets",
                                   event.type));
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
        refuse(writes.front().stream, fmt::format("event id {} occurs twice in the batch", *twice));
}

void check_streams(std::span<const stream_write> writes) {
    std::vector<std::string_view> streams;
    for (const auto& write : writes) {
        check_stream("append to", write.stream);
        if (write.stream.category() == system_category)
            refuse(write.stream, fmt::format("the category '{}' is reserved for the store itself", system_category));
        if (write.events.empty()) refuse(write.stream, "the batch has no events");
        streams.push_back(write.stream.str());
    }
    std::ranges::sort(streams);
    if (const auto twice = std::ranges::adjacent_find(streams); twice != streams.end())
        refuse(stream_id(std::string(*twice)), "the stream occurs twice in one append; put its events in one write");
}

}  // namespace

void check_stream(std::string_view doing, const stream_id& stream) {
    if (stream.str().empty())
        throw error(error_kind::invalid_argument,
                    fmt::format("{} a stream: its stream_id was moved from before; pass a copy", doing));
}

void check_category(std::string_view what, const std::string& category) {
    const auto name = fmt::format("{}: category", what);
    check_name(name, category);
    if (category.contains('-'))
        refuse_name(name, category,
                    fmt::format("a category ends before the first '-'; the events of the streams that begin with '{0}' "
                                "pass a filter with stream_prefixes = {{\"{0}\"}}",
                                category));
}

void check_types(const std::vector<std::string>& types) {
    for (const auto& type : types) check_name("filter: event type", type);
}

namespace {

// For both forms, which have lists of the same names.
template <class Query>
void check_names(const Query& query) {
    for (const auto& category : query.categories) check_category("filter", category);
    for (const auto& prefix : query.stream_prefixes) check_name("filter: stream prefix", prefix);
    for (const auto& stream : query.streams) check_name("filter: stream", stream);
    check_types(query.types);
}

}  // namespace

void check_query(const event_query& query) {
    check_names(query);
    for (const auto& item : query.any_of) {
        check_names(item);
        if (item.categories.empty() && item.stream_prefixes.empty() && item.streams.empty() && item.types.empty() &&
            item.tags.empty())
            throw error(error_kind::invalid_argument,
                        "filter: one of any_of names nothing, so every event would pass; name a type, a tag or a "
                        "stream, or leave any_of empty");
    }
}

void check_document(std::string_view kind, std::string_view key) {
    check_name("document kind", kind);
    if (key.empty() || key.size() > document_key_bytes)
        throw error(error_kind::invalid_argument,
                    fmt::format("document of kind '{}': the key has {} bytes; give it 1 to {}", kind, key.size(),
                                document_key_bytes));
}

void check_limits(const store_limits& limits) {
    for (const auto& [name, value] : {std::pair{"event_bytes", limits.event_bytes},
                                      {"append_bytes", limits.append_bytes},
                                      {"append_events", limits.append_events},
                                      {"read_batch_events", limits.read_batch_events},
                                      {"read_batch_bytes", limits.read_batch_bytes}})
        if (value == 0)
            throw error(error_kind::invalid_argument, fmt::format("store_limits::{} is 0; it must be 1 or more", name));
}

void check_writes(std::span<const stream_write> writes, const store_limits& limits) {
    if (writes.empty())
        throw error(error_kind::invalid_argument, "append: nothing to write; pass at least one event or document");
    check_streams(writes);
    std::size_t bytes = 0;
    std::size_t count = 0;
    for (const auto& write : writes) {
        for (const auto& event : write.events) {
            check_name("event type", event.type);
            check_content(write.stream, event);
            const auto size = event.size_bytes();
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
        check_document(document.kind, document.key);
        if (document.value.size() > limits.event_bytes)
            throw error(error_kind::invalid_argument,
                        fmt::format("document of kind '{}': the value has {} bytes, at most {} are allowed",
                                    document.kind, document.value.size(), limits.event_bytes));
        if (!seen.emplace(document.kind, document.key).second)
            throw error(error_kind::invalid_argument,
                        fmt::format("document of kind '{}': a key occurs twice in the append", document.kind));
        bytes += document.key.size() + document.value.size();
    }
    if (bytes > limits.append_bytes)
        throw error(error_kind::invalid_argument,
                    fmt::format("append: the documents have {} bytes, at most {} are allowed in "
                                "one append; split it",
                                bytes, limits.append_bytes));
}

void check_conditions(std::span<const append_condition> conditions, std::span<const stream_write> writes) {
    if (conditions.empty()) return;
    std::set<std::string_view> streams;
    for (const auto& write : writes) streams.insert(write.stream.str());
    for (const auto& each : conditions) {
        if (const auto* none = std::get_if<no_event>(&each)) check_query(none->matching);
        if (const auto* document = std::get_if<document_expectation>(&each))
            check_document(document->kind, document->key);
        const auto* expectation = std::get_if<stream_expectation>(&each);
        if (expectation == nullptr) continue;
        check_stream("expect something of", expectation->stream);
        if (!streams.insert(expectation->stream.str()).second)
            refuse(expectation->stream,
                   "the append expects something of this stream twice; a write says itself what it expects");
    }
}

}  // namespace stele::inline v0::detail
