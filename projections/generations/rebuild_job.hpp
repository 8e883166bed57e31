#pragma once

#include "projections/generations/generation_set.hpp"
#include "projections/generations/replayer.hpp"

#include <stele/eventstore/event_store.hpp>
#include <stele/projections/generations/rebuild.hpp>
#include <stele/projections/projection_runner.hpp>

#include <algorithm>
#include <chrono>
#include <cstdint>
#include <optional>
#include <utility>

namespace stele::inline v0::detail {

/// Builds a new generation beside the one that serves. One job for a projection, one thread at a time.
class rebuild_job {
public:
    /// Resumes the shadow of an interrupted job, or begins a new one. Store and generations must outlive the job.
    rebuild_job(event_store& store, const generation_set& generations, const projection_definition& definition,
                const projection_runner_options& options);
    /// Leaves the shadow to the next job, unless a handler has failed: the next job may have another handler.
    ~rebuild_job();
    rebuild_job(const rebuild_job&) = delete;
    rebuild_job& operator=(const rebuild_job&) = delete;

    /// Ends the job at that position instead of the head.
    void end_at(position end);
    /// Applies one batch. Returns whether at most about one more is left up to the head. Throws as catch_up().
    bool step(patience how);
    [[nodiscard]] rebuild_progress progress() const;

    /// Syncs what there is.
    void sync() { generations_.sync(*shadow_); }
    /// Applies what is left up to the head, and completes the shadow.
    rebuild_progress complete(generation_set::destination next, patience how);

    [[nodiscard]] std::uint64_t number() const noexcept { return shadow_->number; }
    /// Hands over the new generation; the job is over then, and only is_over() may be called.
    numbered_generation release() { return std::exchange(shadow_, {}).value(); }
    [[nodiscard]] bool is_over() const noexcept { return !shadow_; }

private:
    bool apply(patience how);
    [[nodiscard]] position head() { return std::min(store_.head(), end_); }

    event_store& store_;
    const generation_set& generations_;
    replayer replayer_;
    std::size_t batch_events_;
    std::optional<numbered_generation> shadow_;
    position end_ = position::max();
    position target_;
    bool handler_failed_ = false;
    // The rate is measured from here.
    position began_at_;
    std::chrono::steady_clock::time_point began_ = std::chrono::steady_clock::now();
};

}  // namespace stele::inline v0::detail
