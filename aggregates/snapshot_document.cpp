#include "stele_snapshot.pb.h"

#include <stele/aggregates/detail/snapshot_document.hpp>
#include <stele/eventstore/detail/failures.hpp>
#include <stele/eventstore/detail/write_documents.hpp>

#include <fmt/format.h>

#include <algorithm>

namespace stele::inline v0::detail {
namespace {

std::string_view bytes_of(const uuid& id) {
    return {reinterpret_cast<const char*>(id.bytes.data()), id.bytes.size()};
}

/// Covers the stream too: a snapshot is none of another stream.
uuid digest(const stream_id& stream, std::string_view content) {
    std::string text = stream.str();
    text += '\0';
    text += content;
    return uuid::v5({}, text);
}

bool parse(google::protobuf::Message& message, std::string_view bytes) {
    return message.ParsePartialFromArray(bytes.data(), static_cast<int>(bytes.size())) && message.IsInitialized();
}

[[noreturn]] void throw_corrupt(std::size_t size) {
    throw error(error_kind::corrupt, fmt::format("its {} bytes are not those that were written.", size));
}

bool is_due(const any_aggregate& known) {
    const snapshot_functions* functions = known.type().snapshots;
    if (!functions || !functions->policy.is_automatic || known.place.version.value == 0) return false;
    return known.needs_snapshot || known.place.version.value - known.snapshot.value >= functions->policy.events;
}

}  // namespace

void tell_failure(const warning_handler& warn, std::string_view stream, std::string_view what) noexcept {
    if (!warn) return;
    try {
        warn(fmt::format("The snapshot of the stream \"{}\" {}: {}", stream, what,
                         message_of(std::current_exception())));
    } catch (...) {
        // Nobody is left to tell.
    }
}

found_snapshot find_snapshot(event_store& store, const stream_id& stream, const snapshot_functions& functions) {
    const auto found = store.find_document(snapshot_kind, stream.str());
    if (!found) return {};
    v1::Snapshot outer;
    v1::SnapshotContent content;
    if (!parse(outer, found->value) || outer.digest() != bytes_of(digest(stream, outer.content())) ||
        !parse(content, outer.content()))
        throw_corrupt(found->value.size());
    found_snapshot result{.is_there = true};
    if (content.fingerprint() != bytes_of(functions.fingerprint)) return result;
    std::unique_ptr<google::protobuf::Message> state{functions.prototype->New()};
    if (!parse(*state, content.state())) throw_corrupt(found->value.size());
    result.state = std::move(state);
    result.place = {{content.version()}, {content.position()}};
    return result;
}

document_write make_snapshot(const stream_id& stream, const snapshot_functions& functions, const void* state,
                             stream_position place) {
    v1::SnapshotContent content;
    content.set_fingerprint(std::string{bytes_of(functions.fingerprint)});
    content.set_version(place.version.value);
    content.set_position(place.position.value);
    content.set_state(encode_event(*functions.take(state), {}).payload);
    v1::Snapshot outer;
    outer.set_content(content.SerializeAsString());
    outer.set_digest(std::string{bytes_of(digest(stream, outer.content()))});
    return {.kind = snapshot_kind, .key = stream.str(), .value = outer.SerializeAsString()};
}

std::optional<document_write> take_due_snapshot(const stream_id& stream, any_aggregate& known,
                                                const warning_handler& warn) noexcept {
    if (!is_due(known)) return {};
    // Also if it fails: what fails now is tried again as late as if it had not.
    known.snapshot = known.place.version;
    known.needs_snapshot = false;
    try {
        return make_snapshot(stream, *known.type().snapshots, known.state(), known.place);
    } catch (...) {
        tell_failure(warn, stream.str(), "could not be taken");
        return {};
    }
}

void write_snapshot(event_store& store, const document_write& snapshot, const warning_handler& warn) noexcept {
    try {
        write_documents(store, {&snapshot, 1});
    } catch (...) {
        tell_failure(warn, snapshot.key, "was not written");
    }
}

}  // namespace stele::inline v0::detail
