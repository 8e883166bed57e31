#pragma once

#include "projections/generations/generation.hpp"
#include "projections/runner/event_feed.hpp"

#include <stele/codec/codec.hpp>
#include <stele/projections/projection.hpp>

#include <cstddef>
#include <cstdint>
#include <exception>
#include <optional>
#include <string>

namespace stele::inline v0::detail {

/// An event that a projection could not take.
struct event_fault {
    stele::position position = {};
    stele::version version = {};
    std::string stream = {};
    std::string type = {};
    std::exception_ptr cause = {};

    /// Whether the event itself is what it failed at, and not the disk.
    [[nodiscard]] bool is_of_the_event() const;
    /// What was thrown, as text.
    [[nodiscard]] std::string why() const;
    /// One sentence for people, with projection, file, position, stream and type.
    [[nodiscard]] std::string message(std::string_view projection, const std::filesystem::path& file) const;
};

struct batch_result {
    bool at_end = false;               ///< The feed has no more events.
    std::optional<event_fault> fault;  ///< The batch was rolled back because of this event.
};

/// Calls the handlers of a projection. One thread at a time.
class batch_applier {
public:
    explicit batch_applier(const projection_definition& definition)
        : definition_(definition), decoder_(*definition.events) {}

    /// Applies at most `limit` events of the feed in one transaction. Throws, rolled back, what is no event's fault.
    batch_result apply(generation& to, event_feed& feed, std::size_t limit);

    /// When the event at that position fails again, it becomes a dead letter.
    void put_aside(position where, std::uint64_t attempts) {
        aside_ = where;
        attempts_ = attempts;
    }
    [[nodiscard]] position put_aside() const { return aside_; }

    /// Applies one event in the transaction that is open. Returns false if its type is ignored.
    bool apply(generation& to, const recorded_event& event);

private:
    std::optional<event_fault> apply(generation& to, const event_chunk& chunk, progress& now);
    bool apply(generation& to, const event_chunk& chunk, std::size_t index);
    void apply_or_put_aside(generation& to, const event_chunk& chunk, std::size_t index, progress& now);
    [[nodiscard]] bool waits(generation& to, const recorded_event& event) const;
    void put_aside(generation& to, const recorded_event& event, std::uint64_t attempts, std::string error);

    projection_definition definition_;
    event_decoder decoder_;
    position aside_;  // 0: none
    std::uint64_t attempts_ = 0;
};

}  // namespace stele::inline v0::detail
