#pragma once

#include "projections/runner/any_projection.hpp"
#include "projections/runner/event_feed.hpp"
#include "projections/runner/runner_directory.hpp"

#include <stele/eventstore/event_store.hpp>
#include <stele/projections/memory/detail/memory_projection_rules.hpp>
#include <stele/projections/projection_runner.hpp>

#include <chrono>
#include <filesystem>
#include <memory>
#include <mutex>
#include <shared_mutex>
#include <string_view>
#include <typeinfo>

namespace stele::inline v0::detail {

/// One projection of a runner whose state is in memory.
class memory_worker final : public any_projection {
public:
    /// Begins with the snapshot in the directory, if it can be used. Throws what the store throws.
    memory_worker(event_store& store, const runner_directory& directory, const memory_projection_definition& definition,
                  const projection_runner_options& options);

    [[nodiscard]] std::string_view name() const noexcept override { return definition_.name; }
    [[nodiscard]] progress_board& board() noexcept override { return board_; }
    void catch_up(position target) override;
    step_outcome step(position target) override;
    void leave() noexcept override;

    /// As projection_runner::query(): never a state that project() has left half done. Throws invalid_argument if the
    /// projection is of another type.
    [[nodiscard]] locked_state read(const std::type_info& type);
    /// As projection_runner::take_snapshot().
    void take_snapshot();

private:
    struct folded {
        std::shared_ptr<void> state;
        progress now = {};
    };

    [[nodiscard]] folded load();
    [[nodiscard]] std::unique_ptr<event_feed> feed(const folded& to, position target) const;
    [[nodiscard]] std::unique_lock<std::shared_mutex> keep_readers_out() const;
    void fold_in_place(const event_chunk& chunk);
    void fold(folded& to, const event_chunk& chunk);
    step_outcome fold_some(position target, std::size_t limit);
    void heal();
    void take_due_snapshot(bool at_target) noexcept;
    void write_snapshot_now();
    void warn(std::string_view problem) noexcept;

    event_store& store_;
    memory_projection_definition definition_;
    const runner_directory& directory_;
    std::filesystem::path file_;
    projection_runner_options options_;
    progress_board board_;
    event_decoder decoder_;

    std::mutex mutex_;  // guards everything below, together with state_lock_ for what readers see
    folded current_;
    std::unique_ptr<event_feed> feed_;  // what is left of it after the last step
    bool is_damaged_ = false;           // project() runs, or threw and has left the state half done; also for readers
    std::uint64_t in_snapshot_ = 0;     // events in the last snapshot, or at the last attempt
    std::chrono::steady_clock::duration load_time_{};  // until the target was reached for the first time
    bool is_loaded_ = false;

    // A reader passes the gate before it takes the lock, a writer holds it until it has the lock: otherwise readers
    // that follow each other without a pause would keep the writer out permanently.
    mutable std::mutex gate_;
    mutable std::shared_mutex state_lock_;
};

}  // namespace stele::inline v0::detail
