#pragma once

#include <stele/eventstore/event_store.hpp>

#include <cstdint>
#include <expected>
#include <optional>
#include <span>
#include <vector>

/// What every engine must agree on: which appends and removals are accepted, which are a repetition, and what a
/// conflict says. An engine looks up what is stored and asks these functions; it decides nothing itself.
namespace stele::inline v0::detail {

/// What an engine has stored about a stream.
struct stream_record {
    std::int64_t id = 0;     ///< The engine's own key, not 0; 0: the stream was never appended to.
    stele::version last;     ///< Of the last event, even if that event was removed.
    stele::version removed;  ///< Events up to and including this version were removed.
    stream_state state = stream_state::live;

    /// The version that appends and readers see.
    [[nodiscard]] stele::version version() const { return state == stream_state::live ? last : stele::version{}; }
};

/// What is told about a stream with this record. The engine adds its first and last event.
stream_info info_of(const stream_record& stream, std::string name);

/// Whether a stream of this name is to be listed, if its state allows it.
bool is_listed(std::string_view name, const stream_list_options& options);

/// Why the stream does not accept an append with this expectation; nothing if it does.
std::optional<conflict> refusal_of(const stream_record& stream, const stream_id& name, expected_version expected);

/// Why the stream is not where an append that writes nothing to it expects it; nothing if it is there.
std::optional<conflict> mismatch_of(const stream_record& stream, const stream_expectation& expectation);

/// The conflict of an append with an event id that is already stored. `actual` is the version before the append.
conflict event_id_conflict(const stream_write& write, version actual);

/// The conflict of an append that adds a document which exists, or expects another value of one.
conflict document_conflict();

/// The conflict of an append with a condition that rules out this event.
conflict condition_conflict(const recorded_event& first);

/// What a removal does to its stream.
struct removal_plan {
    version up_to;       ///< Remove the events up to and including this version.
    stream_state state;  ///< The state of the stream after it.
};
std::expected<removal_plan, conflict> plan_removal(const stream_record& stream, const stream_id& name,
                                                   expected_version expected, stream_removal kind, version before);

/// The append that records a removal, in the same transaction. Refers to `record`.
stream_write removal_record(const event_data& record);

/// A stored event, as far as a repeated append is recognised by it.
struct stored_event {
    std::int64_t stream;  ///< As stream_record::id.
    stele::version version;
    uuid id;
    bool closes_append;  ///< The last event of its append.
};

/// The stored events that an append is compared with.
class stored_events {
public:
    virtual ~stored_events() = default;
    /// The event at a position; nothing if there is none or it was removed. Never asked for an earlier position than
    /// before.
    virtual std::optional<stored_event> at(position where) = 0;
    virtual stream_record find_stream(const stream_id& name) = 0;
};

/// The results of the append that stored exactly these events and met the same expectations; nothing if none did.
/// `first` is the position of the first event's id.
std::optional<std::vector<append_result>> find_repeated(std::span<const stream_write> writes, position first,
                                                        stored_events& stored);

}  // namespace stele::inline v0::detail
