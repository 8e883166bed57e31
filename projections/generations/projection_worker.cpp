#include "projections/generations/projection_worker.hpp"

#include "projections/generations/generation_checks.hpp"
#include "projections/generations/shadow_file.hpp"

#include <fmt/format.h>

#include <exception>
#include <string>
#include <utility>
#include <vector>

namespace stele::inline v0::detail {
namespace {

constexpr std::size_t replay_page = 1000;

}  // namespace

projection_worker::projection_worker(event_store& store, const std::filesystem::path& directory,
                                     const projection_definition& definition, const projection_runner_options& options)
    : store_(store),
      definition_(definition),
      identity_(identity_of(definition)),
      files_(directory, definition.name),
      options_(options),
      current_(open_or_create()),
      replayer_(store, definition, options) {
    board_.show(current_.progress());
}

generation projection_worker::open_or_create() {
    if (const auto serving = files_.serving()) {
        try {
            return open_serving(files_.file(*serving));
        } catch (const error& damage) {
            if (damage.kind() != error_kind::corrupt) throw;
            // All of it is in the events. The file stays, for who wants to know what happened to it.
            board_.show_error(
                fmt::format("{}; it is left aside, and a new one is made from all events", damage.what()));
        }
    }
    const auto first = files_.next();
    auto made = generation::create(files_.file(first), definition_, identity_);
    files_.serve(first);
    return made;
}

generation projection_worker::open_serving(const std::filesystem::path& file) const {
    auto opened = generation::open(file);
    if (opened.identity().name != identity_.name)
        throw error{error_kind::format,
                    fmt::format("{}: is the read model of projection {}, not of {}; nothing was touched; move it away",
                                file.string(), opened.identity().name, identity_.name)};
    forget_shadow(opened.db());
    return opened;
}

void projection_worker::catch_up(position target) {
    {
        const std::lock_guard turn(turn_);
        if (!must_rebuild()) {
            expect_right(target);
            while (!replayer_.step(current_, target, patience::none)) board_.show(current_.progress());
            board_.show(current_.progress());
            mark_complete(current_);
            return;
        }
    }
    rebuild({});
}

turn_result projection_worker::step(position target) {
    std::unique_lock turn(turn_, std::try_to_lock);
    if (!turn) return turn_result::not_my_turn;
    if (must_rebuild()) {
        turn.unlock();
        return step_rebuild();
    }
    expect_right(target);
    const bool at_target = replayer_.step(current_, target, patience::all_attempts);
    board_.show(current_.progress());
    if (!at_target) return turn_result::more;
    mark_complete(current_);
    return turn_result::at_target;
}

// Whether the generation that serves is one to go on with.
void projection_worker::expect_right(position target) {
    expect_same_projection(current_, identity_);
    const auto& progress = current_.progress();
    if (store_is_known_ && progress.checkpoint <= target) return;
    expect_same_store(current_, store_);
    store_is_known_ = progress.witness.value != 0;
}

dead_letter_replay projection_worker::replay_dead_letters() {
    const std::lock_guard turn(turn_);
    expect_right(store_.head());
    dead_letter_replay result;
    std::set<std::string> failed_keys;
    auto& letters = current_.dead_letters();
    for (auto page = letters.list({}, replay_page); !page.empty();
         page = letters.list(page.back().position, replay_page))
        for (const auto& letter : page) replay(letter, result, failed_keys);
    letters.reload();
    board_.show(current_.progress());
    return result;
}

void projection_worker::replay(const dead_letter& letter, dead_letter_replay& result,
                               std::set<std::string>& failed_keys) {
    if (failed_keys.contains(letter.key)) {
        ++result.left;
        return;
    }
    auto now = current_.progress();
    std::optional<bool> applied;
    current_.begin();
    try {
        auto read = store_.read_all({.after = {letter.position.value - 1}, .up_to = letter.position});
        for (const auto& event : std::move(read).events()) applied = replayer_.applier().apply(current_, event);
        current_.dead_letters().remove(letter.position);
        --now.dead_lettered;
        ++(applied.value_or(false) ? now.applied : now.ignored);
        current_.commit(now);
        ++(applied ? result.applied : result.gone);
    } catch (...) {
        current_.rollback();
        const event_fault fault{.cause = std::current_exception()};
        if (!fault.is_of_the_event()) throw;
        failed_keys.insert(letter.key);
        ++result.left;
        current_.begin();
        current_.dead_letters().note_failure(letter.position, fault.why());
        current_.commit(current_.progress());
    }
}

void projection_worker::mark_complete(generation& built) {
    if (built.progress().complete) return;
    auto progress = built.progress();
    progress.complete = true;
    built.begin();
    try {
        built.commit(progress);
    } catch (...) {
        built.rollback();
        throw;
    }
}

}  // namespace stele::inline v0::detail
