#include "stele_snapshot.pb.h"

#include <stele/aggregates/detail/snapshot_document.hpp>
#include <stele/codec/codec.hpp>
#include <stele/eventstore/detail/failures.hpp>
#include <stele/eventstore/detail/parse_message.hpp>
#include <stele/eventstore/detail/stored_number.hpp>
#include <stele/eventstore/detail/write_documents.hpp>

#include <fmt/format.h>

#include <algorithm>

namespace stele::inline v0::detail {
namespace {

/// Covers the stream too, so that a snapshot cannot pass for one of another stream.
uuid digest(const stream_id& stream, std::string_view content) {
    std::string text = stream.str();
    text += '\0';
    text += content;
    return uuid::v5({}, text);
}

[[noreturn]] void throw_corrupt(std::size_t size) {
    throw error(error_kind::corrupt, fmt::format("its {} bytes are not those that were written.", size));
}

bool is_due(const any_aggregate& known) {
    const snapshot_functions* functions = known.type().snapshots;
    if (!functions || !functions->policy.is_automatic || known.reached.position.value == 0) return false;
    return known.needs_snapshot || known.reached.version.value - known.snapshot.value >= functions->policy.events;
}

}  // namespace

void warn_of_failure(const warning_handler& warn, std::string_view stream, std::string_view effect) noexcept {
    if (!warn) return;
    try {
        warn(fmt::format("The snapshot of the stream \"{}\" {}: {}", stream, effect,
                         message_of(std::current_exception())));
    } catch (...) {
        // A handler that throws has nobody to report to.
    }
}

found_snapshot find_snapshot(event_store& store, const stream_id& stream, const snapshot_functions& functions) {
    const auto found = store.find_document(snapshot_kind, stream.str());
    if (!found) return {};
    v1::Snapshot outer;
    v1::SnapshotContent content;
    if (!parse_message(outer, found->value) || outer.digest() != digest(stream, outer.content()).as_bytes() ||
        !parse_message(content, outer.content()))
        throw_corrupt(found->value.size());
    found_snapshot result{.exists = true};
    if (content.fingerprint() != functions.fingerprint.as_bytes()) return result;
    std::unique_ptr<google::protobuf::Message> state{functions.prototype->New()};
    if (!parse_message(*state, content.state())) throw_corrupt(found->value.size());
    result.state = std::move(state);
    result.reached = {{stored_number(content.version(), "its version")},
                      {stored_number(content.position(), "its position")}};
    return result;
}

document_write make_snapshot(const stream_id& stream, const snapshot_functions& functions, const void* state,
                             stream_position reached) {
    v1::SnapshotContent content;
    content.set_fingerprint(std::string{functions.fingerprint.as_bytes()});
    content.set_version(reached.version.value);
    content.set_position(reached.position.value);
    content.set_state(encode_event(*functions.take(state), {}).payload);
    v1::Snapshot outer;
    outer.set_content(content.SerializeAsString());
    outer.set_digest(std::string{digest(stream, outer.content()).as_bytes()});
    return {.kind = snapshot_kind, .key = stream.str(), .value = outer.SerializeAsString()};
}

std::optional<document_write> take_due_snapshot(const stream_id& stream, any_aggregate& known,
                                                const warning_handler& warn) noexcept {
    if (!is_due(known)) return {};
    // Even if it fails: the next attempt comes as late as after a success.
    known.snapshot = known.reached.version;
    known.needs_snapshot = false;
    try {
        return make_snapshot(stream, *known.type().snapshots, known.state(), known.reached);
    } catch (...) {
        warn_of_failure(warn, stream.str(), "could not be taken");
        return {};
    }
}

void write_snapshot(event_store& store, const document_write& snapshot, const warning_handler& warn) noexcept {
    try {
        write_documents(store, {&snapshot, 1});
    } catch (...) {
        warn_of_failure(warn, snapshot.key, "was not written");
    }
}

}  // namespace stele::inline v0::detail
