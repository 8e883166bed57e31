#pragma once

#include "projections/generations/batch_applier.hpp"
#include "projections/generations/generation.hpp"
#include "projections/runner/event_feed.hpp"

#include <stele/eventstore/event_store.hpp>
#include <stele/projections/projection_runner.hpp>

#include <cstdint>
#include <map>
#include <memory>

namespace stele::inline v0::detail {

/// What to do about an event that a handler fails at.
enum class patience : std::uint8_t {
    none,          ///< Give up at once: throw, or dead-letter the event if the projection says so.
    all_attempts,  ///< The caller tries again; dead-letter an event only after its last attempt.
};

/// Brings generations of a projection up to a position of the store. One thread at a time.
class replayer {
public:
    /// The store must outlive it.
    replayer(event_store& store, const projection_definition& definition, const projection_runner_options& options,
             reading how = reading::when_asked);

    /// Applies one batch, and returns whether every event up to `target` is in the generation now. It may go further,
    /// if an earlier target was further. Throws as projection_runner::catch_up(), with the batch rolled back. Until the
    /// generation is complete, events are compared with their leaves, if the options say so.
    bool step(generation& to, position target, patience how);
    /// Applies all of them.
    void run(generation& to, position target);

    /// Whether the last step() that threw did so because of the event, and not because of the disk.
    [[nodiscard]] bool failed_at_event() const noexcept { return failed_at_event_; }
    [[nodiscard]] batch_applier& applier() noexcept { return applier_; }

private:
    bool may_dead_letter(const event_fault& fault, patience how);
    [[noreturn]] void fail(const event_fault& fault, const generation& to);

    event_store& store_;
    projection_definition definition_;
    projection_runner_options options_;
    batch_applier applier_;
    reading reading_;
    std::unique_ptr<event_feed> feed_;       // what is left of it after the last batch
    std::map<position, unsigned> failures_;  // how many times each event has failed that is in no committed batch yet
    bool failed_at_event_ = false;
};

}  // namespace stele::inline v0::detail
