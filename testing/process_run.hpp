#pragma once

#include <stele/testing/given_process.hpp>

#include <cstdint>
#include <map>
#include <span>
#include <string>
#include <utility>
#include <vector>

namespace stele::inline v0::detail {

/// Delivers the inputs of a scenario to one instance of a process, as a runner would.
class process_run {
public:
    /// Finds the instance that all events have in common. Throws scenario_failed if there is none. The process and the
    /// inputs must outlive it.
    process_run(const process_definition& process, std::span<const process_input> inputs);

    /// Delivers the next input. Returns the reaction, whose deadlines all have their times.
    reaction_actions take(const process_input& input);

private:
    recorded_event record(const process_input& input);
    reaction_actions take_rejection(const process_input& input);
    reaction_actions take_event(const process_input& input);
    reaction_actions fire_until(timestamp time);
    /// Does to the deadlines what the actions say.
    void apply(reaction_actions& actions);

    struct pending {
        timestamp due;
        reaction_action send;
    };

    const process_definition& process_;
    event_decoder decoder_;
    owned_state state_;
    std::string instance_;
    bool exists_ = false, has_ended_ = false;
    event_data data_;  // of the event that was recorded last
    std::uint64_t position_ = 0;
    timestamp now_{};
    timestamp from_{};  // what reaction::after() counts from
    std::map<std::string, pending> deadlines_;
};

}  // namespace stele::inline v0::detail
