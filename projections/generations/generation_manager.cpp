#include "projections/generations/generation_manager.hpp"

#include "projections/generations/diff/model_comparison.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <chrono>
#include <utility>

namespace stele::inline v0::detail {
namespace {

constexpr std::chrono::milliseconds time_between_reports{100};

/// Shows the progress of a rebuild on the board as long as it exists, and reports it to the caller.
class shown_rebuild {
public:
    shown_rebuild(progress_board& board, const rebuild_options& options) : board_(board), options_(options) {}
    shown_rebuild(const shown_rebuild&) = delete;
    shown_rebuild& operator=(const shown_rebuild&) = delete;
    ~shown_rebuild() { board_.show_rebuild({}); }

    void show(const rebuild_progress& now) {
        board_.show_rebuild(now);
        if (!options_.progress || std::chrono::steady_clock::now() < next_report_) return;
        next_report_ = std::chrono::steady_clock::now() + time_between_reports;
        options_.progress(now);
    }
    void show_last(const rebuild_progress& now) const {
        if (options_.progress) options_.progress(now);
    }

private:
    progress_board& board_;
    const rebuild_options& options_;
    std::chrono::steady_clock::time_point next_report_;
};

[[noreturn]] void refuse(std::string_view projection, std::string_view why) {
    throw error{error_kind::invalid_argument, fmt::format("projection {}: {}", projection, why)};
}

}  // namespace

generation_manager::generation_manager(event_store& store, const generation_set& generations,
                                       serving_generation& serving, const projection_definition& definition,
                                       const projection_runner_options& options, progress_board& board)
    : store_(store),
      generations_(generations),
      serving_(serving),
      definition_(definition),
      options_(options),
      board_(board) {}

bool generation_manager::must_rebuild() const {
    return options_.rebuild_changed && !serving_.is_ours() && !generations_.waiting();
}

// Takes the lease, and ends the rebuild of the background, whose shadow the caller may resume or remove.
std::unique_lock<std::mutex> generation_manager::begin() {
    std::unique_lock lease{mutex_};
    own_rebuild_.reset();
    return lease;
}

rebuild_result generation_manager::rebuild(const rebuild_options& options) {
    const auto lease = begin();
    rebuild_job job{store_, generations_, definition_, options_};
    if (!options.swap) job.end_at(comparable_position());
    shown_rebuild shown{board_, options};
    for (bool near_the_head = false; !near_the_head;) {
        shown.show(job.progress());
        if (options.stop.stop_requested()) return rebuild_result::stopped;
        near_the_head = job.step(patience::none);
    }
    if (options.swap) {
        shown.show_last(finish_and_switch(job, patience::none));
        return rebuild_result::serving;
    }
    shown.show_last(job.complete(generation_set::destination::to_wait, patience::none));
    generations_.replace_waiting(job.number());
    return rebuild_result::waiting;
}

// Where a waiting generation can be compared with the serving one: anywhere if that is kept up to date, otherwise where
// that is.
position generation_manager::comparable_position() {
    const auto lease = serving_.lease();
    const auto& now = serving_.current().progress();
    return !serving_.is_ours() && now.complete ? now.checkpoint : position::max();
}

step_outcome generation_manager::step_rebuild() {
    const std::unique_lock lease{mutex_, std::try_to_lock};
    if (!lease) return step_outcome::busy;
    if (own_rebuild_ && own_rebuild_->is_over()) own_rebuild_.reset();  // the switch has failed
    if (!own_rebuild_) own_rebuild_.emplace(store_, generations_, definition_, options_);
    const bool near_the_head = own_rebuild_->step(patience::all_attempts);
    board_.show_rebuild(own_rebuild_->progress());
    if (!near_the_head) return step_outcome::more;
    finish_and_switch(*own_rebuild_, patience::all_attempts);
    own_rebuild_.reset();
    board_.show_rebuild({});
    return step_outcome::more;
}

void generation_manager::leave() noexcept {
    const std::unique_lock lease{mutex_, std::try_to_lock};
    if (!lease || !own_rebuild_) return;
    own_rebuild_.reset();
    board_.show_rebuild({});
}

rebuild_progress generation_manager::finish_and_switch(rebuild_job& job, patience how) {
    job.sync();  // most of it, while the old generation is still kept up to date
    const auto lease = serving_.lease();
    const auto before = generations_.serving();
    const auto done = job.complete(generation_set::destination::to_serve, how);
    serving_.switch_to(job.release());
    generations_.keep_previous(before);
    return done;
}

diff_summary generation_manager::diff(const difference_visitor& each) {
    const std::lock_guard lease{mutex_};
    const auto waiting = generations_.waiting();
    const auto number = waiting ? waiting : generations_.previous();
    if (!number)
        refuse(definition_.name,
               "there is no second complete generation to compare with; build one with rebuild({.swap = false})");
    auto other = generations_.open(*number).data;
    std::optional<model_comparison> comparison;
    {
        const auto serving_lease = serving_.lease();
        auto& current = serving_.current();
        const auto target = std::max(current.progress().checkpoint, other.progress().checkpoint);
        replayer missing{store_, definition_, options_};
        for (auto* const one : {&current, &other}) {
            if (one->identity() != generations_.identity()) continue;
            generations_.expect_same_store(*one);
            missing.run(*one, target);
        }
        board_.show(current.progress());
        auto files = std::pair{current.file(), other.file()};
        if (!waiting) std::swap(files.first, files.second);
        comparison.emplace(files.first, files.second, options_.connection);
    }
    return comparison->run(each);
}

void generation_manager::swap_in() {
    const auto lease = begin();
    const auto number = generations_.waiting();
    if (!number) refuse(definition_.name, "no complete generation is waiting; build one with rebuild()");
    const auto before = generations_.serving();
    auto next = generations_.open(*number);
    generations_.expect_same_projection(next.data);
    catch_up_and_switch(std::move(next));
    generations_.keep_previous(before);
}

void generation_manager::rollback() {
    const auto lease = begin();
    const auto number = generations_.previous();
    if (!number) refuse(definition_.name, "there is no previous complete generation to go back to");
    catch_up_and_switch(generations_.open(*number));
}

void generation_manager::discard() {
    const auto lease = begin();
    generations_.discard();
}

void generation_manager::catch_up_and_switch(numbered_generation next) {
    generations_.expect_same_store(next.data);
    replayer missing{store_, definition_, options_};
    const bool is_ours = next.data.identity() == generations_.identity();
    if (is_ours) missing.run(next.data, store_.head());  // most of it, while the serving one is still kept up to date
    const auto lease = serving_.lease();
    if (is_ours) missing.run(next.data, store_.head());
    serving_.switch_to(std::move(next));
}

}  // namespace stele::inline v0::detail
