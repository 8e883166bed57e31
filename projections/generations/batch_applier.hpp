#pragma once

#include "projections/generations/generation.hpp"
#include "projections/runner/event_feed.hpp"

#include <stele/codec/codec.hpp>
#include <stele/eventstore/event_store.hpp>
#include <stele/projections/projection.hpp>

#include <cstddef>
#include <cstdint>
#include <exception>
#include <filesystem>
#include <map>
#include <optional>
#include <string>
#include <string_view>

namespace stele::inline v0::detail {

/// An event that a projection failed at.
struct event_fault {
    stele::position position = {};
    stele::version version = {};
    std::string stream = {};
    std::string type = {};
    std::exception_ptr cause = {};

    /// Whether the event is the cause, and not the disk.
    [[nodiscard]] bool is_of_the_event() const;
    /// What was thrown, as text.
    [[nodiscard]] std::string reason() const;
    /// The beginning of a sentence for people, with projection, file, position, stream and type.
    [[nodiscard]] std::string where(std::string_view projection, const std::filesystem::path& file) const;
};

struct batch_result {
    bool at_end = false;               ///< The feed has no more events.
    std::optional<event_fault> fault;  ///< The batch was rolled back because of this event.
};

/// Calls the handlers of a projection. One thread at a time.
class batch_applier {
public:
    /// The store must outlive it.
    batch_applier(event_store& store, const projection_definition& definition)
        : store_(store), definition_(definition), decoder_(*definition.events) {}

    /// Applies at most `limit` events of the feed in one transaction. If something fails that is not about an event, it
    /// rolls back and throws.
    batch_result apply(generation& to, event_feed& feed, std::size_t limit);

    /// If the event at that position fails once more, it becomes a dead letter; it has failed `attempts` times so far.
    /// That holds until a batch with the event is committed, whatever else fails in it meanwhile.
    void set_last_attempt(position where, std::uint64_t attempts) { last_attempts_[where] = attempts; }
    [[nodiscard]] bool is_last_attempt(position where) const { return last_attempts_.contains(where); }

    /// Applies one event in the open transaction.
    event_outcome apply(generation& to, const recorded_event& event);

private:
    std::optional<event_fault> apply(generation& to, const event_chunk& chunk, progress& now);
    event_outcome apply(generation& to, const event_chunk& chunk, std::size_t index);
    event_outcome apply_or_dead_letter(generation& to, const event_chunk& chunk, std::size_t index);
    [[nodiscard]] std::string key_of(const recorded_event& event) const;
    [[nodiscard]] bool is_queued(generation& to, const recorded_event& event) const;
    void dead_letter(generation& to, const recorded_event& event, std::uint64_t attempts, std::string error);

    event_store& store_;
    projection_definition definition_;
    event_decoder decoder_;
    std::map<position, std::uint64_t> last_attempts_;  // how many times each has failed; not in what is committed
};

}  // namespace stele::inline v0::detail
