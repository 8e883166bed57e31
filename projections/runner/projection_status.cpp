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

std::string projection_status::message() const {
    auto text = fmt::format("{}: {}, at {} of {}", name, to_string(state), checkpoint.value, head.value);
    if (lag_events > 0) text += fmt::format(" ({} behind)", lag_events);
    if (events_per_s > 0) text += fmt::format(", {:.0f} events/s", events_per_s);
    if (rebuild) text += "; the new generation " + rebuild->message();
    if (!last_error.empty()) text += "; last error: " + last_error;
    return text;
}

std::string wait_failure::message() const {
    if (dead_letter)
        return fmt::format(
            "projection {} has not applied the event at position {}; it is a dead letter ({}); "
            "replay_dead_letters() applies it once the handler has been put right",
            status.name, reached.value, dead_letter->error);
    return fmt::format("projection {} has not come to position {}; it is {}", status.name, reached.value,
                       status.message().substr(status.name.size() + 2));
}

}  // namespace stele::inline v0
