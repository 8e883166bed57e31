#include "testing/process_run.hpp"
#include "testing/scenario_text.hpp"

#include <stele/eventstore/detail/time_text.hpp>
#include <stele/testing/detail/scenario_fault.hpp>
#include <stele/testing/given_process.hpp>

#include <fmt/chrono.h>
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
    const bool ends = std::ranges::find(actions, kind::end, &reaction_action::kind) != actions.end();
    for (auto it = actions.begin(); it != actions.end();) {
        const auto is_of_same = [&](const reaction_action& other) {
            return other.kind != kind::send && other.deadline == it->deadline;
        };
        const bool again = (ends && sets_deadline(*it)) ||
                           (it->kind != kind::send && std::any_of(std::next(it), actions.end(), is_of_same));
        it = again ? actions.erase(it) : std::next(it);
    }
    return actions;
}

text_block show_action(const reaction_action& action) {
    switch (action.kind) {
        case kind::send: return show(*action.command);
        case kind::cancel: return show_cancelled(action.deadline);
        case kind::end: return {"ended"};
        case kind::set_at:
        case kind::set_after: break;
    }
    return show_deadline(action.deadline, action.due, action.command.get());
}

std::vector<text_block> show_actions(const reaction_actions& actions) {
    std::vector<text_block> blocks;
    for (const auto& action : actions) blocks.push_back(show_action(action));
    return blocks;
}

std::string describe(const process_input& input) {
    if (input.elapsed) return fmt::format("{} pass", *input.elapsed);
    if (input.advances_to) return fmt::format("time advances to {}", time_text(*input.advances_to));
    if (!input.reason) return one_line(*input.message);
    return fmt::format("rejected ({}): {}", input.reason->code, one_line(*input.message));
}

}  // namespace

reaction_actions process_scenario::run() const {
    process_run run{process_, inputs_};
    reaction_actions last;
    for (const auto& input : inputs_) last = run.take(input);
    return last;
}

void process_scenario::react(std::source_location where) {
    title_ = title_of(where, describe(inputs_.back()));
    actions_ = at_place([this] { return title_; }, [this] { return net_effect(run()); });
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
    if (found != set.end() && found->due == due && (command == nullptr || are_equal(*command, *found->command))) return;
    std::vector<text_block> actual;
    for (const auto& action : set)
        actual.push_back(
            show_deadline(action.deadline, action.due, command == nullptr ? nullptr : action.command.get()));
    fail({show_deadline(name, due, command)}, std::move(actual));
}

void process_scenario::expect_cancelled(std::string_view name) const {
    reaction_actions cancelled;
    std::ranges::copy_if(actions_, std::back_inserter(cancelled),
                         [](const auto& action) { return action.kind == kind::cancel; });
    if (std::ranges::find(cancelled, name, &reaction_action::deadline) == cancelled.end())
        fail({show_cancelled(name)}, show_actions(actions_));
}

void process_scenario::expect_ended() const {
    if (std::ranges::find(actions_, kind::end, &reaction_action::kind) == actions_.end())
        fail({{"ended"}}, show_actions(actions_));
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
