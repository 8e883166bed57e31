#include <stele/processes/process_status.hpp>

#include <fmt/format.h>

#include <utility>

namespace stele::inline v0 {

std::string_view to_string(process_state state) {
    switch (state) {
        case process_state::stopped: return "stopped";
        case process_state::catching_up: return "catching up";
        case process_state::live: return "live";
        case process_state::retrying: return "retrying";
        case process_state::faulted: return "faulted";
    }
    std::unreachable();
}

std::string process_status::message() const {
    auto text = fmt::format("{}: {}, at {} of {}", name, to_string(state), position.value, head.value);
    if (lag_events > 0) text += fmt::format(" ({} behind)", lag_events);
    if (dead_letters > 0) text += fmt::format(", {} dead letter{}", dead_letters, dead_letters == 1 ? "" : "s");
    if (state == process_state::faulted || state == process_state::retrying) text += ": " + last_error;
    return text;
}

std::string process_wait_failure::message() const {
    return fmt::format("waited for position {}: {}", reached.value, status.message());
}

}  // namespace stele::inline v0
