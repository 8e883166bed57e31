#pragma once

#include "projections/generations/generation.hpp"
#include "projections/generations/generation_directory.hpp"
#include "projections/generations/rebuild_job.hpp"
#include "projections/generations/replayer.hpp"
#include "projections/runner/any_projection.hpp"

#include <stele/eventstore/event_store.hpp>
#include <stele/projections/projection_runner.hpp>

#include <cstdint>
#include <filesystem>
#include <mutex>
#include <optional>
#include <set>
#include <string>
#include <string_view>

namespace stele::inline v0::detail {

/// One projection of a runner: its read model and what keeps it up to date. Any thread may call anything.
class projection_worker final : public any_projection {
public:
    /// Opens the generation that serves. Makes one if there is none, or if that is damaged, which the board tells.
    projection_worker(event_store& store, const std::filesystem::path& directory,
                      const projection_definition& definition, const projection_runner_options& options);

    [[nodiscard]] std::string_view name() const noexcept override { return definition_.name; }
    [[nodiscard]] progress_board& board() noexcept override { return board_; }

    void catch_up(position target) override;
    turn_result step(position target) override;
    /// As projection_runner::replay_dead_letters().
    dead_letter_replay replay_dead_letters();
    /// The file of the generation that serves.
    [[nodiscard]] std::filesystem::path serving_file() const { return files_.file(files_.serving().value()); }

    /// As those of projection_runner.
    rebuild_result rebuild(const rebuild_options& wanted);
    diff_summary diff(const difference_visitor& each);
    void swap_in();
    void rollback();
    void discard();
    /// Leaves the rebuild that step() is at.
    void leave() noexcept override;

private:
    generation open_or_create();
    [[nodiscard]] generation open_serving(const std::filesystem::path& file) const;
    void expect_right(position target);
    void replay(const dead_letter& letter, dead_letter_replay& result, std::set<std::string>& failed_keys);
    void mark_complete(generation& built);
    [[nodiscard]] bool must_rebuild() const;
    [[nodiscard]] position comparable_position();
    turn_result step_rebuild();
    rebuild_progress serve_new(rebuild_job& job, patience how);
    void serve(generation other, std::uint64_t number);
    void go_over_to(generation other, std::uint64_t number);
    void remove_between(std::uint64_t low, std::uint64_t high) const;

    event_store& store_;
    projection_definition definition_;
    projection_identity identity_;
    generation_directory files_;
    projection_runner_options options_;
    progress_board board_;

    std::mutex rebuilding_;                   // whose turn it is to make generations; taken before turn_
    std::optional<rebuild_job> own_rebuild_;  // guarded by it: what rebuild_changed asked for

    std::mutex turn_;  // guards everything below
    generation current_;
    replayer replayer_;
    bool store_is_known_ = false;
};

}  // namespace stele::inline v0::detail
