#include "projections/generations/replayer.hpp"

#include <stele/eventstore/detail/failures.hpp>

#include <exception>
#include <utility>

namespace stele::inline v0::detail {

replayer::replayer(event_store& store, const projection_definition& definition,
                   const projection_runner_options& options, reading how)
    : store_(store), definition_(definition), options_(options), applier_(store, definition), reading_(how) {}

bool replayer::step(generation& to, position target, patience how) {
    const auto begin = to.progress().checkpoint;
    failed_at_event_ = false;
    if (begin >= target) return true;
    // A feed that throws, or does not continue at the checkpoint, is dropped: the next step reads from the checkpoint.
    auto feed = std::exchange(feed_, nullptr);
    if (!feed || feed->after() != begin)
        feed = std::make_unique<event_feed>(
            store_, begin, target, *definition_.events,
            feed_options{.how = reading_, .compare_leaves = options_.compare_leaves && !to.progress().complete});
    const auto result = applier_.apply(to, *feed, options_.batch_events);
    if (result.fault) {
        if (!may_dead_letter(*result.fault, how)) fail(*result.fault, to);
        return false;
    }
    failures_.erase(failures_.begin(), failures_.upper_bound(to.progress().checkpoint));
    if (!result.at_end) feed_ = std::move(feed);
    return to.progress().checkpoint >= target;
}

void replayer::run(generation& to, position target) {
    while (!step(to, target, patience::none)) {
    }
}

// The event is tried once more, in the next step, and becomes a dead letter if it fails again.
bool replayer::may_dead_letter(const event_fault& fault, patience how) {
    const auto failures = ++failures_[fault.position];
    if (definition_.on_fault != on_fault::dead_letter || !fault.is_of_the_event()) return false;
    if (applier_.is_last_attempt(fault.position)) return false;  // this was its last attempt
    if (how == patience::all_attempts && failures < options_.attempts) return false;
    applier_.set_last_attempt(fault.position, failures);
    return true;
}

void replayer::fail(const event_fault& fault, const generation& to) {
    failed_at_event_ = fault.is_of_the_event();
    try {
        std::rethrow_exception(fault.cause);
    } catch (...) {
        throw_with(fault.where(definition_.name, to.file()));
    }
}

}  // namespace stele::inline v0::detail
