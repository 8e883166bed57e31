#pragma once

#include "projections/generations/generation_set.hpp"
#include "projections/generations/replayer.hpp"
#include "projections/runner/progress_board.hpp"

#include <stele/eventstore/event_store.hpp>
#include <stele/projections/projection_runner.hpp>

#include <mutex>
#include <set>
#include <string>

namespace stele::inline v0::detail {

/// The generation of a projection that serves, and what keeps it up to date. Whoever calls the functions below the
/// lease must hold it.
class serving_generation {
public:
    /// All others must outlive it. Opens the generation, or makes the first one; the board reports a damaged one.
    serving_generation(event_store& store, const generation_set& generations, const projection_definition& definition,
                       const projection_runner_options& options, progress_board& board);

    [[nodiscard]] std::unique_lock<std::mutex> lease() { return std::unique_lock{mutex_}; }
    /// Does not own the mutex if another thread has the lease.
    [[nodiscard]] std::unique_lock<std::mutex> try_lease() { return {mutex_, std::try_to_lock}; }

    [[nodiscard]] generation& current() noexcept { return current_; }
    /// Whether this version of the projection has built it, so that it can be kept up to date.
    [[nodiscard]] bool is_ours() const noexcept { return current_.identity() == generations_.identity(); }

    /// Applies all events up to `target`. Throws as projection_runner::catch_up().
    void catch_up(position target);
    /// Applies one batch of them, and returns whether it was the last.
    bool step(position target);
    /// As projection_runner::replay_dead_letters().
    dead_letter_replay replay_dead_letters();
    /// As projection_runner::discard_dead_letter().
    bool discard_dead_letter(position where);
    /// Lets another generation serve.
    void switch_to(numbered_generation next);

private:
    void show_if_other_store() const noexcept;
    void expect_right(position target);
    bool apply(position target, patience attempts);
    void replay(const dead_letter& letter, dead_letter_replay& result, std::set<std::string>& failed_keys);

    event_store& store_;
    const generation_set& generations_;
    progress_board& board_;
    std::mutex mutex_;  // guards everything below
    generation current_;
    replayer replayer_;
    bool store_is_known_ = false;
};

}  // namespace stele::inline v0::detail
