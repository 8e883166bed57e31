#pragma once

#include <stele/aggregates/detail/any_aggregate.hpp>
#include <stele/eventstore/document.hpp>

#include <memory>
#include <optional>
#include <string>
#include <string_view>

/// Snapshots as documents of the store. They never fail a command: a failure is only a warning.
namespace stele::inline v0::detail {

/// The kind of document that holds a snapshot; its key is the name of the stream.
inline constexpr const char* snapshot_kind = "snapshot";

/// The snapshot of a stream.
struct found_snapshot {
    bool exists = false;
    /// The state, or null if it was made with another fold.
    std::unique_ptr<google::protobuf::Message> state = nullptr;
    /// Whether it has today's fingerprint. Otherwise the events give the better state, if they are all there.
    bool is_current = false;
    stream_position reached{};
    version removed{};  ///< As loaded::removed.
};

/// A snapshot that is to be written.
struct taken_snapshot {
    stream_id stream;
    stream_position reached;
    version removed;  ///< As loaded::removed.
    document_write document;
};

/// Finds the snapshot of a stream. Does not check that its last event still exists.
/// Throws stele::error: corrupt, if the bytes are not those that were written; and what the store throws.
found_snapshot find_snapshot(event_store& store, const stream_id& stream, const snapshot_functions& functions);

/// Takes a snapshot of the state, if the policy or its last load requires one, and notes that in the state.
std::optional<taken_snapshot> take_due_snapshot(const stream_id& stream, any_aggregate& known,
                                                const warning_handler& warn) noexcept;

/// Writes a snapshot that was taken, as store_snapshot() does; a failure is only a warning. Returns
/// whether it is stored.
bool write_snapshot(event_store& store, const taken_snapshot& snapshot, const warning_handler& warn) noexcept;

/// Takes a snapshot of a state that has events. Throws what `snapshot()` throws, and invalid_argument if the message
/// cannot be stored.
taken_snapshot make_snapshot(const stream_id& stream, const snapshot_functions& functions, const void* state,
                             stream_position reached, version removed);

/// Writes a snapshot in place of the one before. Throws stele::error: invalid_argument if that one holds events that
/// were removed from the stream and that this one lacks, as they would be lost; and what the store throws.
void store_snapshot(event_store& store, const taken_snapshot& snapshot);

/// Warns that the state of a stream lacks its events up to `removed`, although its snapshot holds them.
void warn_of_lost_events(const warning_handler& warn, std::string_view stream, version removed) noexcept;

/// Reports the exception being handled as a warning about the stream's snapshot; `effect` is "was not written", for
/// example.
void warn_of_failure(const warning_handler& warn, std::string_view stream, std::string_view effect) noexcept;

}  // namespace stele::inline v0::detail
