#pragma once

#include "projections/generations/generation_set.hpp"
#include "projections/generations/rebuild_job.hpp"
#include "projections/generations/serving_generation.hpp"
#include "projections/runner/any_projection.hpp"

#include <stele/eventstore/event_store.hpp>
#include <stele/projections/generations/read_model_diff.hpp>
#include <stele/projections/projection_runner.hpp>

#include <mutex>
#include <optional>

namespace stele::inline v0::detail {

/// Builds generations of a projection beside the one that serves, compares them and switches between them. Any thread
/// may call anything; one at a time has the lease of the generations, and takes that of the serving one within it.
class generation_manager {
public:
    /// All others must outlive it.
    generation_manager(event_store& store, const generation_set& generations, serving_generation& serving,
                       const projection_definition& definition, const projection_runner_options& options,
                       progress_board& board);

    /// Whether the projection has changed and rebuilds itself. The caller has the lease of the serving generation.
    [[nodiscard]] bool must_rebuild() const;

    /// As those of projection_runner.
    rebuild_result rebuild(const rebuild_options& options);
    diff_summary diff(const difference_visitor& each);
    void swap_in();
    void rollback();
    void discard();

    /// Applies one batch of the rebuild of a changed projection, which it begins or resumes, and switches at its end.
    step_outcome step_rebuild();
    /// Leaves that rebuild, for another one to resume.
    void leave() noexcept;

private:
    [[nodiscard]] std::unique_lock<std::mutex> begin();
    [[nodiscard]] position comparable_position();
    rebuild_progress finish_and_switch(rebuild_job& job, patience how);
    void catch_up_and_switch(numbered_generation next);

    event_store& store_;
    const generation_set& generations_;
    serving_generation& serving_;
    projection_definition definition_;
    projection_runner_options options_;
    progress_board& board_;

    std::mutex mutex_;                        // taken before the lease of the serving generation
    std::optional<rebuild_job> own_rebuild_;  // guarded by it: that of step_rebuild()
};

}  // namespace stele::inline v0::detail
