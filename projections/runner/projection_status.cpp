#include <stele/projections/projection_status.hpp>

#include <fmt/format.h>

#include <utility>

namespace stele::inline v0 {

std::string_view to_string(projection_state state) {
    switch (state) {
        case projection_state::stopped: return "stopped";
        case projection_state::catching_up: return "catching up";
        case projection_state::live: return "live";
        case projection_state::rebuilding: return "rebuilding";
        case projection_state::faulted: return "faulted";
    }
    std::unreachable();
}

std::string rebuild_progress::message() const {
    auto text = fmt::format("at {} of {}", reached.value, target.value);
    if (events_per_s > 0) text += fmt::format(", {:.0f} events/s", events_per_s);
    if (eta && eta->count() > 0) text += fmt::format(", {} s left", eta->count());
    return text;
}

namespace {

// "catching up, at 41 of 100 (59 behind)", and so on.
std::string state_of(const projection_status& status) {
    auto text = fmt::format("{}, at {} of {}", to_string(status.state), status.checkpoint.value, status.head.value);
    if (status.lag_events > 0) text += fmt::format(" ({} behind)", status.lag_events);
    if (status.state == projection_state::catching_up && status.events_per_s > 0)
        text += fmt::format(", {:.0f} events/s", status.events_per_s);
    if (status.dead_lettered > 0)
        text += fmt::format(", {} dead letter{}", status.dead_lettered, status.dead_lettered == 1 ? "" : "s");
    if (status.rebuild) text += "; the new generation " + status.rebuild->message();
    if (!status.last_error.empty()) text += "; last error: " + status.last_error;
    return text;
}

}  // namespace

std::string projection_status::message() const {
    return fmt::format("{}: {}", name, state_of(*this));
}

std::string wait_failure::message() const {
    if (dead_letter)
        return fmt::format(
            "projection {} has not applied the event at position {}; it is a dead letter ({}); "
            "replay_dead_letters() applies it once the handler is fixed",
            status.name, reached.value, dead_letter->error);
    auto text = fmt::format("projection {} has not reached position {}; it is {}", status.name, reached.value,
                            state_of(status));
    if (status.state == projection_state::stopped) text += "; call start() or catch_up() to run it";
    return text;
}

}  // namespace stele::inline v0
