// How a projection builds a new generation, and goes over to it.

#include "projections/generations/generation_checks.hpp"
#include "projections/generations/projection_worker.hpp"

#include <mutex>

namespace stele::inline v0::detail {
namespace {

constexpr std::chrono::milliseconds time_between_reports{100};

/// Shows on the board how far a rebuild is, until the end of its life.
class shown_rebuild {
public:
    shown_rebuild(progress_board& board, const rebuild_options& wanted) : board_(board), wanted_(wanted) {}
    shown_rebuild(const shown_rebuild&) = delete;
    shown_rebuild& operator=(const shown_rebuild&) = delete;
    ~shown_rebuild() { board_.show_rebuild({}); }

    void show(const rebuild_progress& now) {
        board_.show_rebuild(now);
        if (!wanted_.progress || std::chrono::steady_clock::now() < next_report_) return;
        next_report_ = std::chrono::steady_clock::now() + time_between_reports;
        wanted_.progress(now);
    }
    void show_last(const rebuild_progress& now) const {
        if (wanted_.progress) wanted_.progress(now);
    }

private:
    progress_board& board_;
    const rebuild_options& wanted_;
    std::chrono::steady_clock::time_point next_report_;
};

}  // namespace

rebuild_result projection_worker::rebuild(const rebuild_options& wanted) {
    const std::lock_guard rebuilding(rebuilding_);
    own_rebuild_.reset();
    rebuild_job job{store_, files_, definition_, identity_, options_};
    if (!wanted.swap) job.end_at(comparable_position());
    shown_rebuild shown{board_, wanted};
    for (bool near_the_head = false; !near_the_head;) {
        shown.show(job.progress());
        if (wanted.stop.stop_requested()) return rebuild_result::stopped;
        near_the_head = job.step(patience::none);
    }
    if (wanted.swap) {
        shown.show_last(serve_new(job, patience::none));
        return rebuild_result::serving;
    }
    shown.show_last(job.complete(rebuild_job::purpose::to_wait, patience::none));
    remove_between(files_.serving().value(), job.number());
    return rebuild_result::waiting;
}

// Where a new generation that waits can be compared with the one that serves: anywhere if that is kept up to date, and
// else where it stands.
position projection_worker::comparable_position() {
    const std::lock_guard turn(turn_);
    const bool stands_still = current_.identity() != identity_ && current_.progress().complete;
    return stands_still ? current_.progress().checkpoint : position::max();
}

bool projection_worker::must_rebuild() const {
    return options_.rebuild_changed && current_.identity() != identity_ && !waiting_generation(files_);
}

turn_result projection_worker::step_rebuild() {
    const std::unique_lock rebuilding(rebuilding_, std::try_to_lock);
    if (!rebuilding) return turn_result::not_my_turn;
    if (!own_rebuild_) own_rebuild_.emplace(store_, files_, definition_, identity_, options_);
    const bool near_the_head = own_rebuild_->step(patience::all_attempts);
    board_.show_rebuild(own_rebuild_->progress());
    if (!near_the_head) return turn_result::more;
    serve_new(*own_rebuild_, patience::all_attempts);
    own_rebuild_.reset();
    board_.show_rebuild({});
    return turn_result::more;
}

void projection_worker::leave() noexcept {
    const std::unique_lock rebuilding(rebuilding_, std::try_to_lock);
    if (!rebuilding || !own_rebuild_) return;
    own_rebuild_.reset();
    board_.show_rebuild({});
}

rebuild_progress projection_worker::serve_new(rebuild_job& job, patience how) {
    job.sync();  // most of it, while the one that serves goes on
    const std::lock_guard turn(turn_);
    const auto before = files_.serving().value();
    const auto done = job.complete(rebuild_job::purpose::to_serve, how);
    serve(job.release(), job.number());
    remove_between(0, before);
    remove_between(before, job.number());
    return done;
}

}  // namespace stele::inline v0::detail
