#include "projections/runner/progress.hpp"

namespace stele::inline v0::detail {
namespace {

seen_event as_seen(const recorded_event& event) {
    return {event.position, event.id, event.recorded_at};
}

}  // namespace

void progress::pass(const recorded_event& event, event_outcome outcome) {
    skip_to(event.position, &event);
    switch (outcome) {
        case event_outcome::ignored: return;  // as skip_to() has counted it
        case event_outcome::applied: ++applied; break;
        case event_outcome::skipped: ++skipped; break;
        case event_outcome::dead_lettered: ++dead_lettered; break;
    }
    --ignored;
}

void progress::skip_to(position up_to, const recorded_event* last) {
    const auto passed = up_to.value - checkpoint.value;
    checkpoint = up_to;
    seen += passed;
    ignored += passed;
    if (last != nullptr) last_seen = as_seen(*last);
}

}  // namespace stele::inline v0::detail
