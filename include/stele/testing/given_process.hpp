#pragma once

#include <stele/processes/process_manager.hpp>
#include <stele/testing/given.hpp>
#include <stele/testing/passing_time.hpp>
#include <stele/testing/recorded.hpp>

#include <memory>
#include <optional>
#include <source_location>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

/// Tests of a process manager that read like its rules, without a store or a bus (docs/testing.md):
///
///     stele::given_process<transfer_process>(requested("a", "b", 30)).when(taken(30)).then_commands(put("b", 30));
///     stele::given_process<transfer_process>(requested("a", "b", 30), taken(30))
///         .when(stele::rejected{put("b", 30), stele::reject("closed", "b is closed")})
///         .then_commands(put("a", 30))
///         .delivered_twice();
///
///     stele::given_process<transfer_process>(requested("a", "b", 30))
///         .when(stele::time_elapses{24h})
///         .then_commands(cancel("not approved in time"));
///
/// Inputs are events, events with stream and time (recorded.hpp), rejected commands of the process, and time that
/// passes (passing_time.hpp): then the deadlines that are due fire, in order, and their commands are the reaction.
/// Events pass through the codec as in a store. An event with several instances belongs to the one that it has in
/// common with the others. What the process would pass over (`starts`, reaction::end()) has no reaction. An expectation
/// that is not met throws scenario_failed, whose text shows expected and actual reaction side by side.
namespace stele::inline v0 {

namespace detail {

/// An input of a process: an event, a command of its own that was rejected, or time that passes.
struct process_input {
    std::shared_ptr<const google::protobuf::Message> message = {};  ///< None for time.
    recorded_as as = {};
    std::optional<rejection> reason = {};                   ///< Only of a rejected command.
    std::optional<std::chrono::microseconds> elapsed = {};  ///< Only of time.
    std::optional<timestamp> advances_to = {};              ///< Only of time.

    [[nodiscard]] bool is_event() const { return message && !reason; }
};

/// The inputs of a process, and its reaction to the last one.
class process_scenario {
public:
    explicit process_scenario(process_definition process) : process_(std::move(process)) {}

    void add(process_input input) { inputs_.push_back(std::move(input)); }
    /// Delivers all inputs to a new instance, and keeps the reaction to the last one. Throws scenario_failed if the
    /// events belong to different instances.
    void react(std::source_location where);

    void expect_commands(std::vector<std::shared_ptr<const google::protobuf::Message>> expected) const;
    void expect_deadline(std::string_view name, timestamp due, const google::protobuf::Message* command) const;
    void expect_cancelled(std::string_view name) const;
    void expect_ended() const;
    void expect_nothing() const;
    void expect_same_again() const;

private:
    [[nodiscard]] reaction_actions run() const;
    [[noreturn]] void fail(std::vector<std::vector<std::string>> expected,
                           std::vector<std::vector<std::string>> actual) const;

    process_definition process_;
    std::vector<process_input> inputs_;
    std::string title_;  // the source location and the last input
    reaction_actions actions_;
};

}  // namespace detail

/// The reaction of a process. Nothing is checked until one of these is called; all throw scenario_failed, and return
/// this.
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

    /// Expects that a deadline of this name was set to `due`, in any unit, and not cancelled after that.
    /// reaction::after counts from the time of the last event of the scenario (its occurred_at, or else when it was
    /// recorded), or from the time that has passed since.
    const process_result& then_deadline(std::string_view name, detail::saturated<timestamp> due) const {
        scenario_.expect_deadline(name, due, nullptr);
        return *this;
    }
    /// The same, with the command that it sends.
    template <class Command>
    const process_result& then_deadline(std::string_view name, detail::saturated<timestamp> due,
                                        const Command& command) const {
        check<Command>();
        scenario_.expect_deadline(name, due, &command);
        return *this;
    }

    /// Expects that the deadline was cancelled, and not set after that.
    const process_result& then_cancelled(std::string_view name) const {
        scenario_.expect_cancelled(name);
        return *this;
    }

    /// Expects that the instance has ended (reaction::end()).
    const process_result& then_ended() const {
        scenario_.expect_ended();
        return *this;
    }

    /// Expects no command, no deadline set or cancelled, and no end.
    const process_result& then_nothing() const {
        scenario_.expect_nothing();
        return *this;
    }

    /// Expects the same reaction when everything is handled again, as after a crash: only then do the commands get the
    /// same idempotency keys and are decided once. Finds a clock, a random number or a global variable in `evolve` or
    /// `react`.
    const process_result& delivered_twice() const {
        scenario_.expect_same_again();
        return *this;
    }

private:
    template <class>
    friend class process_inputs;
    explicit process_result(detail::process_scenario scenario) : scenario_(std::move(scenario)) {}

    template <class Command>
    static consteval void check() {
        static_assert(detail::listed_in<Command, decltype(Process::commands)>,
                      "this command is not one of the process: add it to the `commands` of the process");
    }

    detail::process_scenario scenario_;
};

/// The inputs of a process so far. Made by given_process().
template <class Process>
class process_inputs {
public:
    /// Delivers one more event or rejected command, or lets time pass. What `instance_id`, `evolve` and `react` throw
    /// passes through. Throws stele::error (invalid_argument), as the runner does, if the instance makes no name of a
    /// journal, or the reaction has too many commands or an invalid name of a deadline (process_limits.hpp). `where` is
    /// the source location in the text of scenario_failed, and of every stele::error.
    template <class Input>
    [[nodiscard]] process_result<Process> when(const Input& input,
                                               std::source_location where = std::source_location::current()) && {
        add(input);
        scenario_.react(where);
        return process_result<Process>{std::move(scenario_)};
    }

private:
    template <class P, class... Inputs>
    friend process_inputs<P> given_process(const Inputs&... inputs);

    process_inputs() : scenario_(detail::define_process<Process>()) {}

    template <class Event>
    void add(const Event& event) {
        add(recorded_message<Event>{event, {}});
    }
    template <class Event>
    void add(const recorded_message<Event>& input) {
        static_assert(detail::listed_in<Event, decltype(Process::events)>,
                      "this event is not one of the process: add it to the `events` of the process");
        scenario_.add({.message = std::make_shared<const Event>(input.event), .as = input.as});
    }
    template <class Command>
    void add(const rejected<Command>& input) {
        static_assert(detail::listed_in<Command, decltype(Process::commands)>,
                      "this command is not one of the process: add it to the `commands` of the process");
        scenario_.add({.message = std::make_shared<const Command>(input.command), .reason = input.reason});
    }
    void add(const time_elapses& input) { scenario_.add({.elapsed = input.by}); }
    void add(const time_advances_to& input) { scenario_.add({.advances_to = input.time}); }

    detail::process_scenario scenario_;
};

/// Begins a test of a process manager with earlier inputs; without any, with a new instance.
template <class Process, class... Inputs>
[[nodiscard]] process_inputs<Process> given_process(const Inputs&... inputs) {
    static_assert(detail::check_process<Process>());
    process_inputs<Process> result;
    (result.add(inputs), ...);
    return result;
}

}  // namespace stele::inline v0
