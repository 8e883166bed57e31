#include "projections/generations/rebuild_job.hpp"

namespace stele::inline v0::detail {

rebuild_job::rebuild_job(event_store& store, const generation_set& generations, const projection_definition& definition,
                         const projection_runner_options& options)
    : store_(store),
      generations_(generations),
      replayer_(store, definition, options, reading::ahead_and_decoded),
      batch_events_(options.batch_events),
      shadow_(generations.open_shadow()),
      target_(head()),
      began_at_(shadow_->data.progress().checkpoint) {}

rebuild_job::~rebuild_job() {
    if (!handler_failed_ || !shadow_) return;
    const auto number = shadow_->number;
    shadow_.reset();
    try {
        generations_.abandon(number);
    } catch (...) {
        return;  // the next job removes it
    }
}

bool rebuild_job::apply(patience how) {
    try {
        const bool at_target = replayer_.step(shadow_->data, target_, how);
        handler_failed_ = false;
        return at_target;
    } catch (...) {
        handler_failed_ = replayer_.failed_at_event();
        throw;
    }
}

void rebuild_job::end_at(position end) {
    end_ = end;
    target_ = head();
}

bool rebuild_job::step(patience how) {
    if (!apply(how)) return false;
    target_ = head();
    const auto reached = shadow_->data.progress().checkpoint;
    return target_ <= reached || target_.value - reached.value <= batch_events_;
}

rebuild_progress rebuild_job::progress() const {
    rebuild_progress now{.reached = shadow_->data.progress().checkpoint, .target = target_, .eta = {}};
    const std::chrono::duration<double> took = std::chrono::steady_clock::now() - began_;
    if (now.reached <= began_at_ || took.count() <= 0) return now;
    now.events_per_s = static_cast<double>(now.reached.value - began_at_.value) / took.count();
    const auto left = now.target > now.reached ? now.target.value - now.reached.value : 0;
    now.eta = std::chrono::ceil<std::chrono::seconds>(
        std::chrono::duration<double>(static_cast<double>(left) / now.events_per_s));
    return now;
}

rebuild_progress rebuild_job::complete(generation_set::destination next, patience how) {
    target_ = head();
    while (!apply(how)) {
    }
    generations_.complete(*shadow_, next);
    return progress();
}

}  // namespace stele::inline v0::detail
