#pragma once

#include "projections/generations/generation_manager.hpp"
#include "projections/generations/generation_set.hpp"
#include "projections/generations/serving_generation.hpp"
#include "projections/runner/any_projection.hpp"

#include <stele/eventstore/event_store.hpp>
#include <stele/projections/projection_runner.hpp>

#include <cstddef>
#include <filesystem>
#include <string_view>
#include <vector>

namespace stele::inline v0::detail {

/// One projection of a runner, into tables. Any thread may call anything.
class projection_worker final : public any_projection {
public:
    /// Opens the generation that serves. Makes one if there is none, or if it is damaged, which the board reports.
    projection_worker(event_store& store, const runner_directory& directory, const projection_definition& definition,
                      const projection_runner_options& options);

    [[nodiscard]] std::string_view name() const noexcept override { return definition_.name; }
    [[nodiscard]] progress_board& board() noexcept override { return board_; }
    void catch_up(position target) override;
    step_outcome step(position target) override;
    void leave() noexcept override { generations().leave(); }

    /// As those of projection_runner. dead_letters() does not wait for the projection.
    dead_letter_replay replay_dead_letters();
    bool discard_dead_letter(position where);
    [[nodiscard]] std::vector<dead_letter> dead_letters(position after, std::size_t limit) const;
    [[nodiscard]] generation_manager& generations() noexcept { return manager_; }

private:
    projection_definition definition_;
    std::filesystem::path stable_name_;
    connection_options connection_;
    progress_board board_;
    generation_set set_;
    serving_generation serving_;
    generation_manager manager_;
};

}  // namespace stele::inline v0::detail
