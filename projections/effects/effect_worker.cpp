#include "projections/effects/effect_worker.hpp"

#include "projections/runner/stored_checkpoint.hpp"
#include "stele_effects.pb.h"

#include <stele/eventstore/causation.hpp>
#include <stele/eventstore/detail/checkpoint.hpp>
#include <stele/eventstore/detail/failures.hpp>
#include <stele/eventstore/detail/write_documents.hpp>
#include <stele/eventstore/error.hpp>

#include <fmt/format.h>

#include <algorithm>
#include <exception>
#include <vector>

namespace stele::inline v0::detail {
namespace {

constexpr const char* checkpoint_kind = "effects";

// Events without an effect are cheap to skip again, so the checkpoint is not written for each of them.
constexpr std::uint64_t checkpoint_distance = 1000;

std::string name_of(const effect_definition& definition) {
    return fmt::format("{}.effects", definition.projection);
}

}  // namespace

effect_worker::effect_worker(event_store& store, const runner_directory& directory, any_projection& followed,
                             const effect_definition& definition)
    : store_(store),
      directory_(directory),
      followed_(followed),
      definition_(definition),
      name_(name_of(definition)),
      decoder_(*definition.events) {
    if (const auto known =
            find_checkpoint<v1::EffectsCheckpoint>(store_, checkpoint_kind, definition_.projection, name_)) {
        now_.checkpoint = saved_ = {known->position()};
    } else {
        // Saved before anything else happens: a restart must not begin later.
        now_.checkpoint = store_.head();
        save();
    }
    board_.show(now_);
    show_if_other_store();
}

// Each step looks again and throws. Until the first one, nobody who waits is told that it has reached anything.
void effect_worker::show_if_other_store() noexcept {
    try {
        expect_reached();
    } catch (...) {
        if (kind_of(std::current_exception()) != error_kind::other_store) return;
        board_.show_faulted(std::current_exception(), 0, false);
    }
}

void effect_worker::expect_saving(event_store& store, const effect_definition& definition) {
    detail::expect_saving(store, checkpoint_kind, name_of(definition));
}

void effect_worker::expect_reached() const {
    detail::expect_reached(store_, now_.checkpoint, name_);
}

void effect_worker::save() {
    const auto write =
        checkpoint_document<v1::EffectsCheckpoint>(checkpoint_kind, definition_.projection, now_.checkpoint);
    write_documents(store_, {&write, 1});
    saved_ = now_.checkpoint;
    must_save_ = false;
}

position effect_worker::committed(position target) {
    return std::min(target, followed_.board().read().checkpoint);
}

event_feed effect_worker::feed(position target) const {
    return {store_, now_.checkpoint, target, *definition_.events};
}

void effect_worker::catch_up(position target) {
    const std::lock_guard lock(mutex_);
    if (must_save_) save();
    if (now_.checkpoint > target) expect_reached();
    const auto reach = committed(target);
    if (now_.checkpoint >= reach) return;
    auto events = feed(reach);
    while (do_next(events)) {
    }
}

step_outcome effect_worker::step(position target) {
    const std::unique_lock lock(mutex_, std::try_to_lock);
    if (!lock) return step_outcome::busy;
    if (must_save_) save();
    if (now_.checkpoint > target) expect_reached();
    if (now_.checkpoint >= target) return step_outcome::at_target;
    const auto reach = committed(target);
    if (now_.checkpoint >= reach) return step_outcome::busy;
    auto events = feed(reach);
    do_next(events);
    return now_.checkpoint >= target ? step_outcome::at_target : step_outcome::more;
}

// Returns whether the event has one.
bool effect_worker::do_effect(const recorded_event& event) {
    directory_.expect_locked();
    const causation_scope cause(event);
    try {
        return decoder_.decode_if_known(event, definition_.object.get());
    } catch (...) {
        throw_failed_at(name_, event);
    }
}

bool effect_worker::do_next(event_feed& events) {
    const auto chunk = events.next(1);
    if (!chunk) return false;
    for (const auto& event : chunk->events) {
        const bool done = do_effect(event);
        now_.pass(event, done ? event_outcome::applied : event_outcome::ignored);
        must_save_ = must_save_ || done;
    }
    now_.skip_to(chunk->up_to, chunk->last);
    if (must_save_ || now_.checkpoint.value >= saved_.value + checkpoint_distance) save();
    board_.show(now_);
    return true;
}

}  // namespace stele::inline v0::detail
