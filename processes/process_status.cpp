#include <stele/eventstore/detail/time_text.hpp>
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

namespace {

// "catching up, at 41 of 100 (59 behind)", and so on.
std::string state_of(const process_status& status) {
    auto text = fmt::format("{}, at {} of {}", to_string(status.state), status.position.value, status.head.value);
    if (status.lag_events > 0) text += fmt::format(" ({} behind)", status.lag_events);
    if (status.dead_letters > 0)
        text += fmt::format(", {} dead letter{}", status.dead_letters, status.dead_letters == 1 ? "" : "s");
    if (status.next_deadline)
        text += fmt::format(", the next deadline at {}", detail::time_text(*status.next_deadline));
    if (!status.last_error.empty()) text += "; last error: " + status.last_error;
    return text;
}

}  // namespace

std::string process_status::message() const {
    return fmt::format("{}: {}", name, state_of(*this));
}

std::string process_wait_failure::message() const {
    if (dead_letter)
        return fmt::format(
            "process {} has put the event at position {} ({} in {}) aside for {}: {}; see dead_letters()", status.name,
            dead_letter->position.value, dead_letter->type, dead_letter->stream,
            dead_letter->key.empty() ? "an unknown instance" : "the instance " + dead_letter->key, dead_letter->error);
    auto text = deadline_is_due ? fmt::format("process {} has a deadline that is due and has not fired; it is {}",
                                              status.name, state_of(status))
                                : fmt::format("process {} has not reached position {}; it is {}", status.name,
                                              reached.value, state_of(status));
    if (status.state == process_state::stopped) text += "; call start() or catch_up() to run it";
    return text;
}

}  // namespace stele::inline v0
