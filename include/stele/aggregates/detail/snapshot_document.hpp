#pragma once

#include <stele/aggregates/detail/any_aggregate.hpp>

#include <memory>
#include <optional>
#include <string>
#include <string_view>

/// Snapshots as documents of the store. None of this is ever in the way of a command: what goes wrong is a warning.
namespace stele::inline v0::detail {

/// The kind of document that a snapshot is; its key is the name of the stream.
inline constexpr const char* snapshot_kind = "snapshot";

/// What was found for a stream.
struct found_snapshot {
    bool is_there = false;
    /// The state, or null if the snapshot was made from something else (by its fingerprint).
    std::unique_ptr<google::protobuf::Message> state = nullptr;
    stream_position place{};
};

/// Finds the snapshot of a stream. Whether its last event is still there is for the caller to see.
/// Throws stele::error: corrupt, if the bytes are not those that were written; and what the store throws.
found_snapshot find_snapshot(event_store& store, const stream_id& stream, const snapshot_functions& functions);

/// Takes a snapshot of the state, if the policy or its last load asks for one; the state is then known to have it.
std::optional<document_write> take_due_snapshot(const stream_id& stream, any_aggregate& known,
                                                const warning_handler& warn) noexcept;

/// Writes what was taken.
void write_snapshot(event_store& store, const document_write& snapshot, const warning_handler& warn) noexcept;

/// Puts a state that has events into a document. Throws what `snapshot()` throws, and invalid_argument if the message
/// cannot be stored.
document_write make_snapshot(const stream_id& stream, const snapshot_functions& functions, const void* state,
                             stream_position place);

/// Warns, if somebody wants to hear it, of what the exception that is being handled means for the stream's snapshot:
/// `what` is "was not written", for example.
void tell_failure(const warning_handler& warn, std::string_view stream, std::string_view what) noexcept;

}  // namespace stele::inline v0::detail
