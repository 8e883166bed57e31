#pragma once

#include <stele/processes/detail/process_definition.hpp>
#include <stele/testing/recorded.hpp>

#include <memory>
#include <optional>
#include <source_location>
#include <string>
#include <string_view>
#include <vector>

/// The part of a scenario of a process manager (given_process.hpp) that does not depend on its type.
namespace stele::inline v0::detail {

/// In place of a bus: nothing is sent in a scenario.
struct bus_of_scenario {
    template <class Command>
    std::expected<receipt, command_error> send(const Command&, const metadata&, const send_options&) {
        throw error(error_kind::invalid_argument, "A scenario sends nothing.");
    }
};

/// What a process is shown: an event, or a command of its own that was rejected.
struct process_input {
    std::shared_ptr<const google::protobuf::Message> message;
    recorded_as as;
    std::optional<rejection> why;  ///< Only of a rejected command.
};

/// What a process has been shown, and what it did about the last of it.
class process_scenario {
public:
    explicit process_scenario(process_definition process) : process_(std::move(process)) {}

    void add(process_input input) { inputs_.push_back(std::move(input)); }
    /// Shows everything to a new instance, and keeps the reaction to the last. Throws scenario_failed if the events
    /// belong to different instances.
    void react(std::source_location where);

    void expect_commands(std::vector<std::shared_ptr<const google::protobuf::Message>> expected) const;
    void expect_deadline(std::string_view name, timestamp due, const google::protobuf::Message* command) const;
    void expect_cancelled(std::string_view name) const;
    void expect_nothing() const;
    void expect_same_again() const;

private:
    [[nodiscard]] reaction_steps run() const;
    [[nodiscard]] timestamp due_of(const reaction_step& step) const;
    [[nodiscard]] std::vector<std::string> show_step(const reaction_step& step) const;
    [[nodiscard]] std::vector<std::vector<std::string>> show_steps(const reaction_steps& steps) const;
    [[noreturn]] void fail(std::vector<std::vector<std::string>> expected,
                           std::vector<std::vector<std::string>> actual) const;

    process_definition process_;
    std::vector<process_input> inputs_;
    std::string title_;  // the place and the last input
    reaction_steps steps_;
};

}  // namespace stele::inline v0::detail
