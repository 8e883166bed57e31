#pragma once

#include "projections/generations/generation.hpp"
#include "projections/generations/generation_directory.hpp"
#include "projections/generations/replayer.hpp"

#include <stele/eventstore/event_store.hpp>
#include <stele/projections/generations/rebuild.hpp>
#include <stele/projections/projection_runner.hpp>

#include <algorithm>
#include <chrono>
#include <cstdint>
#include <optional>

namespace stele::inline v0::detail {

/// A new generation being built beside the one that serves: the shadow. One job for a projection, one thread at a time.
///
/// A shadow is written without syncs. It may be gone on with after the process has ended, but not after the machine
/// has. It becomes `complete` only when all of it has reached the disk.
class rebuild_job {
public:
    /// Goes on with the shadow that an unfinished job has left, if it was written by the same projection, from the same
    /// store, since the machine was started; or else begins a new one. Store and files must outlive the job.
    rebuild_job(event_store& store, const generation_directory& files, const projection_definition& definition,
                const projection_identity& identity, const projection_runner_options& options);
    /// Leaves the shadow to the next job, unless a handler has failed: the next one may have another handler.
    ~rebuild_job();
    rebuild_job(const rebuild_job&) = delete;
    rebuild_job& operator=(const rebuild_job&) = delete;

    /// Ends the job there, not at the head.
    void end_at(position end);
    /// Applies one batch. Returns whether there is at most about one more up to the head. Throws as catch_up().
    bool step(patience how);
    [[nodiscard]] rebuild_progress progress() const;

    /// Brings what there is to the disk.
    void sync();
    /// What comes after complete().
    enum class purpose : std::uint8_t { to_serve, to_wait };
    /// Applies what is left up to the head, brings the shadow to the disk, and marks it as complete.
    rebuild_progress complete(purpose what, patience how);

    [[nodiscard]] std::uint64_t number() const noexcept { return number_; }
    /// Gives the new generation away; the job is over then.
    generation release() { return std::move(shadow_).value(); }

private:
    bool apply(patience how);
    [[nodiscard]] position head() { return std::min(store_.head(), end_); }
    std::optional<generation> resume(const projection_identity& identity);
    void begin(const projection_definition& definition, const projection_identity& identity);

    event_store& store_;
    const generation_directory& files_;
    replayer replayer_;
    std::size_t batch_events_;
    std::uint64_t number_ = 0;
    std::optional<generation> shadow_;
    position target_;
    position end_ = position::max();
    bool handler_failed_ = false;
    // What the rate is measured from.
    position began_at_;
    std::chrono::steady_clock::time_point began_ = std::chrono::steady_clock::now();
};

}  // namespace stele::inline v0::detail
