#include "stele_snapshot.pb.h"

#include <stele/aggregates/detail/snapshot_document.hpp>
#include <stele/codec/codec.hpp>
#include <stele/eventstore/detail/failures.hpp>
#include <stele/eventstore/detail/parse_message.hpp>
#include <stele/eventstore/detail/removals.hpp>
#include <stele/eventstore/detail/stored_number.hpp>
#include <stele/eventstore/detail/write_documents.hpp>

#include <fmt/format.h>

#include <algorithm>

namespace stele::inline v0::detail {
namespace {

/// Covers the stream too, so that a snapshot cannot pass for one of another stream.
std::string digest(const stream_id& stream, std::string_view content) {
    std::string text = stream.str();
    text += '\0';
    text += content;
    const auto id = uuid::v5({}, text);
    return std::string{id.as_bytes()};
}

[[noreturn]] void throw_corrupt(std::size_t size) {
    throw error(error_kind::corrupt, fmt::format("its {} bytes are not those that were written.", size));
}

/// The snapshot's document without its state; nothing if there is none, or if its bytes are not those that were
/// written.
std::optional<v1::SnapshotContent> content_of(const std::optional<document>& found, const stream_id& stream) {
    v1::Snapshot outer;
    v1::SnapshotContent content;
    if (!found || !parse_message(outer, found->value) || outer.digest() != digest(stream, outer.content()) ||
        !parse_message(content, outer.content()))
        return {};
    return content;
}

/// Up to which version the events of a stream were removed.
version removed_from(event_store& store, const stream_id& stream) {
    for (const recorded_event& first : store.read_stream(stream, {.limit = 1}).events())
        return {first.version.value - 1};
    return store.stream_version(stream);
}

/// Throws if the stored snapshot is the only one from which the stream's state can be had, and `next` is not.
void expect_no_loss(event_store& store, const taken_snapshot& next) {
    const auto kept = content_of(store.find_document(snapshot_kind, next.stream.str()), next.stream);
    if (!kept || (kept->version() <= next.reached.version.value && next.removed.value <= kept->removed())) return;
    const auto removed = removed_from(store, next.stream);
    const bool has_all = next.reached.version >= removed && next.removed.value <= kept->removed();
    if (removed.value == 0 || has_all || kept->version() < removed.value) return;
    if (was_deleted_after(store, next.stream, {kept->position()})) return;
    throw error(
        error_kind::invalid_argument,
        fmt::format("the events of stream \"{}\" up to version {} were removed, and only the snapshot of version "
                    "{} holds them all; it is kept. Load the state from it, or call remove_snapshot() first if "
                    "they are not needed any more",
                    next.stream.str(), removed.value, kept->version()));
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
    const auto content = content_of(found, stream);
    if (!content) throw_corrupt(found->value.size());
    found_snapshot result{.exists = true,
                          .state = nullptr,
                          .reached = {{stored_number(content->version(), "its version")},
                                      {stored_number(content->position(), "its position")}},
                          .removed = {stored_number(content->removed(), "how far its stream was truncated")}};
    result.is_current = content->fingerprint() == functions.fingerprint.as_bytes();
    if (!result.is_current && content->fold() != functions.fold.as_bytes()) return result;
    std::unique_ptr<google::protobuf::Message> state{functions.prototype->New()};
    if (!parse_message(*state, content->state())) throw_corrupt(found->value.size());
    result.state = std::move(state);
    return result;
}

taken_snapshot make_snapshot(const stream_id& stream, const snapshot_functions& functions, const void* state,
                             stream_position reached, version removed) {
    v1::SnapshotContent content;
    content.set_fingerprint(std::string{functions.fingerprint.as_bytes()});
    content.set_fold(std::string{functions.fold.as_bytes()});
    content.set_version(reached.version.value);
    content.set_position(reached.position.value);
    content.set_state(encode_event(*functions.take(state), {}).payload);
    content.set_removed(removed.value);
    v1::Snapshot outer;
    outer.set_content(content.SerializeAsString());
    outer.set_digest(digest(stream, outer.content()));
    return {stream, reached, removed, {.kind = snapshot_kind, .key = stream.str(), .value = outer.SerializeAsString()}};
}

std::optional<taken_snapshot> take_due_snapshot(const stream_id& stream, any_aggregate& known,
                                                const warning_handler& warn) noexcept {
    if (!is_due(known)) return {};
    // Even if it fails: the next attempt comes as late as after a success.
    known.snapshot = known.reached.version;
    known.needs_snapshot = false;
    try {
        return make_snapshot(stream, *known.type().snapshots, known.state(), known.reached, known.removed);
    } catch (...) {
        warn_of_failure(warn, stream.str(), "could not be taken");
        return {};
    }
}

void store_snapshot(event_store& store, const taken_snapshot& snapshot) {
    expect_no_loss(store, snapshot);
    write_documents(store, {&snapshot.document, 1});
}

bool write_snapshot(event_store& store, const taken_snapshot& snapshot, const warning_handler& warn) noexcept {
    try {
        store_snapshot(store, snapshot);
        return true;
    } catch (...) {
        warn_of_failure(warn, snapshot.stream.str(), "was not written");
        return false;
    }
}

void warn_of_lost_events(const warning_handler& warn, std::string_view stream, version removed) noexcept {
    try {
        throw error(
            error_kind::incompatible_schema,
            fmt::format("it was made with another fold_version or snapshot message, and the events up to version {} "
                        "that it holds were removed from the stream: the state lacks them",
                        removed.value));
    } catch (...) {
        warn_of_failure(warn, stream, "cannot be used");
    }
}

}  // namespace stele::inline v0::detail
