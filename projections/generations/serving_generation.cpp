#include "projections/generations/serving_generation.hpp"

#include <stele/eventstore/detail/failures.hpp>

#include <exception>
#include <optional>
#include <utility>

namespace stele::inline v0::detail {
namespace {

constexpr std::size_t replay_page = 1000;

}  // namespace

serving_generation::serving_generation(event_store& store, const generation_set& generations,
                                       const projection_definition& definition,
                                       const projection_runner_options& options, progress_board& board)
    : store_(store),
      generations_(generations),
      board_(board),
      current_(generations.open_serving([&](std::string damage) { board.show_error(std::move(damage)); })),
      replayer_(store, definition, options) {
    board_.show(current_.progress());
    show_if_other_store();
}

// Each step looks again and throws. Until the first one, nobody who waits is told that it has reached anything.
void serving_generation::show_if_other_store() const noexcept {
    try {
        generations_.expect_same_store(current_);
    } catch (...) {
        if (kind_of(std::current_exception()) != error_kind::other_store) return;
        board_.show_faulted(std::current_exception(), 0, false);
    }
}

void serving_generation::catch_up(position target) {
    expect_right(target);
    while (!apply(target, patience::none)) {
    }
    generation_set::mark_complete(current_);
}

bool serving_generation::step(position target) {
    expect_right(target);
    const bool at_target = apply(target, patience::all_attempts);
    if (at_target) generation_set::mark_complete(current_);
    return at_target;
}

// Applies one batch. Nobody is told of progress in a file that nobody finds again.
bool serving_generation::apply(position target, patience attempts) {
    bool at_target = false;
    try {
        at_target = replayer_.step(current_, target, attempts);
    } catch (...) {
        current_.expect_in_place();  // otherwise a file that was moved looks damaged
        throw;
    }
    current_.expect_in_place();
    board_.show(current_.progress());
    return at_target;
}

// Throws unless it is of this projection and this store.
void serving_generation::expect_right(position target) {
    current_.expect_in_place();
    generations_.expect_same_projection(current_);
    const auto& progress = current_.progress();
    if (store_is_known_ && progress.checkpoint <= target) return;
    generations_.expect_same_store(current_);
    store_is_known_ = progress.last_seen.position.value != 0;
}

void serving_generation::switch_to(numbered_generation next) {
    try {
        generations_.serve(current_, std::move(next));
    } catch (...) {
        board_.show(current_.progress());
        throw;
    }
    store_is_known_ = true;
    board_.show(current_.progress());
}

dead_letter_replay serving_generation::replay_dead_letters() {
    expect_right(store_.head());
    dead_letter_replay result;
    std::set<std::string> failed_keys;
    auto& letters = current_.dead_letters();
    try {
        for (auto page = letters.list({}, replay_page); !page.empty();
             page = letters.list(page.back().position, replay_page))
            for (const auto& letter : page) replay(letter, result, failed_keys);
    } catch (...) {
        letters.forget_keys();
        board_.show(current_.progress());
        throw;
    }
    letters.reload();
    board_.show(current_.progress());
    return result;
}

bool serving_generation::discard_dead_letter(position where) {
    expect_right(store_.head());
    auto now = current_.progress();
    bool is_there = false;
    current_.begin();
    try {
        is_there = current_.dead_letters().remove(where);
        if (is_there) --now.dead_lettered, ++now.ignored;
        current_.commit(now);
    } catch (...) {
        current_.rollback();
        throw;
    }
    current_.dead_letters().reload();
    board_.show(current_.progress());
    return is_there;
}

void serving_generation::replay(const dead_letter& letter, dead_letter_replay& result,
                                std::set<std::string>& failed_keys) {
    if (failed_keys.contains(letter.key)) {
        ++result.left;
        return;
    }
    auto now = current_.progress();
    std::optional<event_outcome> outcome;
    current_.begin();
    try {
        auto read = store_.read_all({.after = {letter.position.value - 1}, .up_to = letter.position});
        for (const auto& event : std::move(read).events()) outcome = replayer_.applier().apply(current_, event);
        current_.dead_letters().remove(letter.position);
        --now.dead_lettered;
        ++(outcome == event_outcome::applied ? now.applied : now.ignored);
        current_.commit(now);
        ++(outcome ? result.applied : result.gone);
    } catch (...) {
        current_.rollback();
        const event_fault fault{.cause = std::current_exception()};
        if (!fault.is_of_the_event()) throw;
        failed_keys.insert(letter.key);
        ++result.left;
        current_.begin();
        current_.dead_letters().note_failure(letter.position, fault.reason());
        current_.commit(current_.progress());
    }
}

}  // namespace stele::inline v0::detail
