#include <stele/projections/subscriptions/durable_subscription_status.hpp>

#include <fmt/format.h>

#include <utility>

namespace stele::inline v0 {

std::string_view to_string(durable_subscription_state state) {
    switch (state) {
        case durable_subscription_state::stopped: return "stopped";
        case durable_subscription_state::catching_up: return "catching up";
        case durable_subscription_state::live: return "live";
        case durable_subscription_state::faulted: return "faulted";
    }
    std::unreachable();
}

namespace {

// "catching up, at 41 of 100 (59 behind)", and so on.
std::string state_of(const durable_subscription_status& status) {
    auto text = fmt::format("{}, at {} of {}", to_string(status.state), status.position.value, status.head.value);
    if (status.lag_events > 0) text += fmt::format(" ({} behind)", status.lag_events);
    if (status.state == durable_subscription_state::catching_up && status.events_per_s > 0)
        text += fmt::format(", {:.0f} events/s", status.events_per_s);
    if (status.skipped > 0) text += fmt::format(", {} skipped", status.skipped);
    if (status.dead_lettered > 0)
        text += fmt::format(", {} dead letter{}", status.dead_lettered, status.dead_lettered == 1 ? "" : "s");
    if (!status.last_error.empty()) text += "; last error: " + status.last_error;
    return text;
}

}  // namespace

std::string durable_subscription_status::message() const {
    return fmt::format("{}: {}", name, state_of(*this));
}

std::string durable_subscription_wait_failure::message() const {
    if (dead_letter)
        return fmt::format(
            "subscription {} has not handled the event at position {}; it is a dead letter ({}); "
            "replay_dead_letters() handles it once the handler is fixed",
            status.name, wanted.value, dead_letter->error);
    auto text = fmt::format("subscription {} has not reached position {}; it is {}", status.name, wanted.value,
                            state_of(status));
    if (status.state == durable_subscription_state::stopped) text += "; call start() or catch_up() to run it";
    return text;
}

}  // namespace stele::inline v0
