#include "testing/scenario_text.hpp"

#include <stele/codec/codec.hpp>
#include <stele/eventstore/detail/saturating_time.hpp>
#include <stele/eventstore/detail/time_text.hpp>
#include <stele/eventstore/detail/utf8.hpp>
#include <stele/processes/process_limits.hpp>
#include <stele/testing/given_process.hpp>

#include <fmt/format.h>

#include <algorithm>

namespace stele::inline v0::detail {
namespace {

using google::protobuf::Message;
using kind = reaction_action::type;

text_block show_deadline(std::string_view name, timestamp due, const Message* command) {
    text_block lines{fmt::format("deadline \"{}\" at {}", name, time_text(due))};
    if (command != nullptr)
        for (const auto& line : show(*command)) lines.push_back("  " + line);
    return lines;
}

text_block show_cancelled(std::string_view name) {
    return {fmt::format("cancelled \"{}\"", name)};
}

bool sets_deadline(const reaction_action& action) {
    return action.kind == kind::set_at || action.kind == kind::set_after;
}

/// Leaves of each deadline that is set or cancelled several times what counts: the last time.
reaction_actions net_effect(reaction_actions actions) {
    for (auto it = actions.begin(); it != actions.end();) {
        const bool again =
            it->kind != kind::send && std::any_of(std::next(it), actions.end(), [&](const reaction_action& other) {
                return other.kind != kind::send && other.deadline == it->deadline;
            });
        it = again ? actions.erase(it) : std::next(it);
    }
    return actions;
}

/// Refuses what the runner refuses.
void check_reaction(std::string_view process, const reaction_actions& actions) {
    std::uint64_t commands = 0;
    for (const auto& action : actions) {
        if (sets_deadline(action)) check_deadline_name(process, action.deadline);
        if (action.kind == kind::send) ++commands;
    }
    check_commands(process, commands, max_commands_per_turn);
}

std::string describe(const process_input& input) {
    if (!input.reason) return one_line(*input.message);
    return fmt::format("rejected ({}): {}", input.reason->code, one_line(*input.message));
}

/// Delivers inputs to one instance.
class process_run {
public:
    explicit process_run(const process_definition& process)
        : process_(process), decoder_(*process.events), state_(process.make()) {}

    void take(const process_input& input, bool wants_reaction) {
        if (input.reason)
            take_rejection(input, wants_reaction);
        else
            take_event(input, wants_reaction);
    }

    reaction_actions actions;

private:
    void take_rejection(const process_input& input, bool wants_reaction) {
        const auto& command = *process_.find(input.message->GetDescriptor()->full_name());
        const rejection reason{repair_utf8(input.reason->code), repair_utf8(input.reason->message)};
        command.evolve(state_.get(), *input.message, reason);
        if (wants_reaction) actions = command.react(state_.get(), *input.message, reason);
    }

    void take_event(const process_input& input, bool wants_reaction) {
        const event_data data = encode(*input.message, input.as.metadata);
        ++position_;
        const auto event = as_recorded(data, input.as.stream, {{position_}, {position_}}, input.as.at);
        process_visit visit;
        decoder_.decode(event, &visit);
        // An event of no instance is delivered to nobody.
        if (visit.instances.empty()) return;
        if (instance_.empty()) instance_ = visit.instances.front();
        (void)stream_id{process_.name, instance_};  // its journal: the runner refuses what makes no stream name
        if (std::ranges::find(visit.instances, instance_) == visit.instances.end())
            throw scenario_failed(fmt::format("{} belongs to the instance {}, but those before it to {}",
                                              one_line(*input.message), visit.instances.front(), instance_));
        process_visit delivered{.state = state_.get(), .instance = instance_, .wants_reaction = wants_reaction};
        decoder_.decode(event, &delivered);
        actions = std::move(delivered.actions);
    }

    const process_definition& process_;
    event_decoder decoder_;
    owned_state state_;
    std::string instance_;
    std::uint64_t position_ = 0;
};

}  // namespace

reaction_actions process_scenario::run() const {
    process_run run{process_};
    for (const auto& input : inputs_) run.take(input, &input == &inputs_.back());
    check_reaction(process_.name, run.actions);
    return std::move(run.actions);
}

void process_scenario::react(std::source_location where) {
    title_ = title_of(where, describe(inputs_.back()));
    actions_ = net_effect(run());
}

timestamp process_scenario::due_of(const reaction_action& action) const {
    if (action.kind == kind::set_at) return action.due;
    timestamp last{};
    for (const auto& input : inputs_)
        if (!input.reason) last = input.as.at;
    return saturating_add(last, action.delay);
}

std::vector<std::string> process_scenario::show_action(const reaction_action& action) const {
    switch (action.kind) {
        case kind::send: return show(*action.command);
        case kind::cancel: return show_cancelled(action.deadline);
        case kind::set_at:
        case kind::set_after: break;
    }
    return show_deadline(action.deadline, due_of(action), action.command.get());
}

std::vector<std::vector<std::string>> process_scenario::show_actions(const reaction_actions& actions) const {
    std::vector<text_block> blocks;
    for (const auto& action : actions) blocks.push_back(show_action(action));
    return blocks;
}

void process_scenario::fail(std::vector<std::vector<std::string>> expected,
                            std::vector<std::vector<std::string>> actual) const {
    if (expected.empty()) expected.push_back({"nothing"});
    if (actual.empty()) actual.push_back({"nothing"});
    throw scenario_failed(fmt::format("{}\n{}", title_, side_by_side(std::move(expected), std::move(actual))));
}

void process_scenario::expect_commands(std::vector<std::shared_ptr<const Message>> expected) const {
    reaction_actions sent;
    std::ranges::copy_if(actions_, std::back_inserter(sent),
                         [](const auto& action) { return action.kind == kind::send; });
    if (std::ranges::equal(expected, sent, [](const auto& a, const auto& b) { return are_equal(*a, *b.command); }))
        return;
    std::vector<text_block> blocks;
    for (const auto& command : expected) blocks.push_back(show(*command));
    fail(std::move(blocks), show_actions(sent));
}

void process_scenario::expect_deadline(std::string_view name, timestamp due, const Message* command) const {
    reaction_actions set;
    std::ranges::copy_if(actions_, std::back_inserter(set), sets_deadline);
    const auto found = std::ranges::find(set, name, &reaction_action::deadline);
    if (found != set.end() && due_of(*found) == due && (command == nullptr || are_equal(*command, *found->command)))
        return;
    std::vector<text_block> actual;
    for (const auto& action : set)
        actual.push_back(
            show_deadline(action.deadline, due_of(action), command == nullptr ? nullptr : action.command.get()));
    fail({show_deadline(name, due, command)}, std::move(actual));
}

void process_scenario::expect_cancelled(std::string_view name) const {
    reaction_actions cancelled;
    std::ranges::copy_if(actions_, std::back_inserter(cancelled),
                         [](const auto& action) { return action.kind == kind::cancel; });
    if (std::ranges::find(cancelled, name, &reaction_action::deadline) == cancelled.end())
        fail({show_cancelled(name)}, show_actions(actions_));
}

void process_scenario::expect_nothing() const {
    if (!actions_.empty()) fail({}, show_actions(actions_));
}

void process_scenario::expect_same_again() const {
    const auto again = net_effect(run());
    const auto first = show_actions(actions_);
    if (first == show_actions(again)) return;
    throw scenario_failed(
        fmt::format("{}\n  (expected: when it was handled first; actual: when it was handled again)\n{}", title_,
                    side_by_side(first, show_actions(again))));
}

}  // namespace stele::inline v0::detail
