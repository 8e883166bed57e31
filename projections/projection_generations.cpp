// How a projection comes to another generation: a new one, the one that waits, the one before.

#include "projections/generation_checks.hpp"
#include "projections/model_comparison.hpp"
#include "projections/projection_worker.hpp"
#include "projections/shadow_file.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <optional>
#include <utility>

namespace stele::detail {
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

void projection_worker::serve(generation other, std::uint64_t number) {
    const auto take_over = [&] {
        current_ = std::move(other);
        store_is_known_ = true;
        board_.show(current_.progress());
    };
    try {
        files_.serve(number);
    } catch (const error&) {
        // The link may stand, and only its way to the disk have failed.
        if (files_.serving() == number) take_over();
        throw;
    }
    take_over();
    forget_shadow(current_.db());
}

diff_summary projection_worker::diff(const difference_visitor& each) {
    const std::lock_guard rebuilding(rebuilding_);
    const auto waiting = waiting_generation(files_);
    const auto number = waiting ? waiting : previous_generation(files_);
    if (!number)
        throw error{error_kind::invalid_argument,
                    fmt::format("projection {}: there is no second complete generation to compare with; build one with "
                                "rebuild({{.swap = false}})",
                                name())};
    auto other = generation::open(files_.file(*number));
    std::optional<model_comparison> pair;
    {
        const std::lock_guard turn(turn_);
        const auto target = std::max(current_.progress().checkpoint, other.progress().checkpoint);
        replayer missing{store_, definition_, options_};
        for (auto* const each_one : {&current_, &other}) {
            if (each_one->identity() != identity_) continue;
            expect_same_store(*each_one, store_);
            missing.run(*each_one, target);
        }
        board_.show(current_.progress());
        if (waiting)
            pair.emplace(current_.file(), other.file());
        else
            pair.emplace(other.file(), current_.file());
    }
    return pair->run(each);
}

void projection_worker::swap_in() {
    const std::lock_guard rebuilding(rebuilding_);
    own_rebuild_.reset();
    const auto number = waiting_generation(files_);
    if (!number)
        throw error{error_kind::invalid_argument,
                    fmt::format("projection {}: no complete generation waits; build one with rebuild()", name())};
    const auto before = files_.serving().value();
    auto waiting = generation::open(files_.file(*number));
    expect_same_projection(waiting, identity_);
    go_over_to(std::move(waiting), *number);
    remove_between(0, before);
    remove_between(before, *number);
}

void projection_worker::rollback() {
    const std::lock_guard rebuilding(rebuilding_);
    own_rebuild_.reset();
    const auto number = previous_generation(files_);
    if (!number)
        throw error{error_kind::invalid_argument,
                    fmt::format("projection {}: there is no complete generation from before", name())};
    go_over_to(generation::open(files_.file(*number)), *number);
}

void projection_worker::discard() {
    const std::lock_guard rebuilding(rebuilding_);
    own_rebuild_.reset();
    const auto serving = files_.serving().value();
    remove_between(0, serving);
    remove_between(serving, files_.next());
}

void projection_worker::go_over_to(generation other, std::uint64_t number) {
    expect_same_store(other, store_);
    replayer missing{store_, definition_, options_};
    const bool is_ours = other.identity() == identity_;
    if (is_ours) missing.run(other, store_.head());  // most of it, while the one that serves goes on
    const std::lock_guard turn(turn_);
    if (is_ours) missing.run(other, store_.head());
    serve(std::move(other), number);
}

void projection_worker::remove_between(std::uint64_t low, std::uint64_t high) const {
    for (const auto number : files_.all())
        if (number > low && number < high) files_.remove(number);
}

}  // namespace stele::detail
