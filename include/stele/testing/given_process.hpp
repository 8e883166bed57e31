#pragma once

#include <stele/processes/process_manager.hpp>
#include <stele/testing/detail/process_scenario.hpp>
#include <stele/testing/given.hpp>

#include <memory>
#include <source_location>
#include <string_view>
#include <utility>

/// Tests of a process manager that read like its rules, without a store or a bus:
///
///     stele::given_process<transfer_process>(requested("a", "b", 30)).when(taken(30)).then_commands(put("b", 30));
///     stele::given_process<transfer_process>(requested("a", "b", 30), taken(30))
///         .when(stele::rejected{put("b", 30), stele::reject("closed", "b is closed")})
///         .then_commands(put("a", 30))
///         .delivered_twice();
///
/// Given and shown are events, events with stream and time (recorded.hpp), and commands of the process that were
/// rejected. Events pass through the codec as in a store. An expectation that is not met throws scenario_failed, whose
/// text shows what was expected and what came side by side.
namespace stele::inline v0 {

/// What a process did. Nothing is checked until one of these is called; all throw scenario_failed, and return this.
template <class Process>
class process_result {
public:
    /// Expects exactly these commands to be sent at once, in this order; deadlines do not count.
    template <class... Commands>
    const process_result& then_commands(const Commands&... commands) const {
        (check<Commands>(), ...);
        scenario_.expect_commands({std::make_shared<const Commands>(commands)...});
        return *this;
    }

    /// Expects that a deadline of this name was set to `due`. What was set by reaction::after counts from the time of
    /// the last event of the scenario.
    const process_result& then_deadline(std::string_view name, timestamp due) const {
        scenario_.expect_deadline(name, due, nullptr);
        return *this;
    }
    /// The same, with the command that is sent then.
    template <class Command>
    const process_result& then_deadline(std::string_view name, timestamp due, const Command& command) const {
        check<Command>();
        scenario_.expect_deadline(name, due, &command);
        return *this;
    }

    /// Expects that the deadline was cancelled.
    const process_result& then_cancelled(std::string_view name) const {
        scenario_.expect_cancelled(name);
        return *this;
    }

    /// Expects no command, and no deadline set or cancelled.
    const process_result& then_nothing() const {
        scenario_.expect_nothing();
        return *this;
    }

    /// Expects the same when everything is handled once more, as after a crash: only then do the commands get the ids
    /// that they had, and are decided once. Finds a clock, a random number or a global variable in `evolve` or `react`.
    const process_result& delivered_twice() const {
        scenario_.expect_same_again();
        return *this;
    }

private:
    template <class>
    friend class process_history;
    explicit process_result(detail::process_scenario scenario) : scenario_(std::move(scenario)) {}

    template <class Command>
    static consteval void check() {
        static_assert(detail::listed_in<Command, decltype(Process::commands)>,
                      "this command is not one of the process: add it to the `commands` of the process");
    }

    detail::process_scenario scenario_;
};

/// What a process has been shown so far. Made by given_process().
template <class Process>
class process_history {
public:
    /// Shows the process one more event, or rejected command. Lets through what `instance`, `evolve` and `react` throw.
    /// `where` is the place that the text of scenario_failed names.
    template <class Input>
    [[nodiscard]] process_result<Process> when(const Input& input,
                                               std::source_location where = std::source_location::current()) && {
        add(input);
        scenario_.react(where);
        return process_result<Process>{std::move(scenario_)};
    }

private:
    template <class P, class... Inputs>
    friend process_history<P> given_process(const Inputs&... inputs);

    process_history() : scenario_(detail::define_process<Process>(bus())) {}

    static detail::bus_of_scenario& bus() {
        static detail::bus_of_scenario only;
        return only;
    }

    template <class Event>
    void add(const Event& event) {
        add(recorded_message<Event>{event, {}});
    }
    template <class Event>
    void add(const recorded_message<Event>& input) {
        static_assert(detail::listed_in<Event, decltype(Process::events)>,
                      "this event is not one of the process: add it to the `events` of the process");
        scenario_.add({std::make_shared<const Event>(input.event), input.as, {}});
    }
    template <class Command>
    void add(const rejected<Command>& input) {
        static_assert(detail::listed_in<Command, decltype(Process::commands)>,
                      "this command is not one of the process: add it to the `commands` of the process");
        scenario_.add({std::make_shared<const Command>(input.command), {}, input.reason});
    }

    detail::process_scenario scenario_;
};

/// Begins a test of a process manager with what it was shown already; with nothing, with a new instance.
template <class Process, class... Inputs>
[[nodiscard]] process_history<Process> given_process(const Inputs&... inputs) {
    static_assert(detail::check_process<Process>());
    process_history<Process> result;
    (result.add(inputs), ...);
    return result;
}

}  // namespace stele::inline v0
