#include "testing/scenario_text.hpp"

#include <stele/testing/given_process.hpp>

#include <fmt/chrono.h>
#include <fmt/format.h>

#include <algorithm>

namespace stele::inline v0::detail {
namespace {

using google::protobuf::Message;
using action = reaction_step::action;

std::string format_time(timestamp time) {
    const auto seconds = std::chrono::floor<std::chrono::seconds>(time);
    const auto rest = (time - seconds).count();
    return fmt::format("{:%F %T}", seconds) + (rest == 0 ? "" : fmt::format(".{:06}", rest));
}

text_block show_deadline(std::string_view name, timestamp due, const Message* command) {
    text_block lines{fmt::format("deadline \"{}\" at {}", name, format_time(due))};
    if (command != nullptr)
        for (const auto& line : show(*command)) lines.push_back("  " + line);
    return lines;
}

text_block show_cancelled(std::string_view name) {
    return {fmt::format("cancelled \"{}\"", name)};
}

bool sets_deadline(const reaction_step& step) {
    return step.what == action::set_at || step.what == action::set_after;
}

std::string describe(const process_input& input) {
    if (!input.why) return one_line(*input.message);
    return fmt::format("rejected ({}): {}", input.why->code, one_line(*input.message));
}

/// Shows inputs to one instance.
class process_show {
public:
    explicit process_show(const process_definition& process)
        : process_(process), decoder_(*process.events), state_(process.make()) {}

    void take(const process_input& input, bool wants_reaction) {
        if (input.why)
            take_rejection(input, wants_reaction);
        else
            take_event(input, wants_reaction);
    }

    reaction_steps steps;

private:
    void take_rejection(const process_input& input, bool wants_reaction) {
        const auto& command = *process_.find(input.message->GetDescriptor()->full_name());
        command.evolve(state_.get(), *input.message, *input.why);
        if (wants_reaction) steps = command.react(state_.get(), *input.message, *input.why);
    }

    void take_event(const process_input& input, bool wants_reaction) {
        const event_data data = encode(*input.message, input.as.metadata);
        ++position_;
        const auto event = as_recorded(data, input.as.stream, {{position_}, {position_}}, input.as.at);
        process_visit visit;
        decoder_.decode(event, &visit);
        // One that belongs to no instance does not reach any, so it is shown to nobody.
        if (visit.instances.empty()) return;
        if (instance_.empty()) instance_ = visit.instances.front();
        if (std::ranges::find(visit.instances, instance_) == visit.instances.end())
            throw scenario_failed(fmt::format("{} belongs to the instance {}, but those before it to {}",
                                              one_line(*input.message), visit.instances.front(), instance_));
        process_visit shown{.state = state_.get(), .instance = instance_, .wants_reaction = wants_reaction};
        decoder_.decode(event, &shown);
        steps = std::move(shown.steps);
    }

    const process_definition& process_;
    event_decoder decoder_;
    process_state state_;
    std::string instance_;
    std::uint64_t position_ = 0;
};

}  // namespace

reaction_steps process_scenario::run() const {
    process_show show{process_};
    for (const auto& input : inputs_) show.take(input, &input == &inputs_.back());
    return std::move(show.steps);
}

void process_scenario::react(std::source_location where) {
    title_ = title_of(where, describe(inputs_.back()));
    steps_ = run();
}

timestamp process_scenario::due_of(const reaction_step& step) const {
    if (step.what == action::set_at) return step.due;
    timestamp last{};
    for (const auto& input : inputs_)
        if (!input.why) last = input.as.at;
    return last + step.delay;
}

std::vector<std::string> process_scenario::show_step(const reaction_step& step) const {
    switch (step.what) {
        case action::send: return show(*step.command);
        case action::cancel: return show_cancelled(step.deadline);
        case action::set_at:
        case action::set_after: break;
    }
    return show_deadline(step.deadline, due_of(step), step.command.get());
}

std::vector<std::vector<std::string>> process_scenario::show_steps(const reaction_steps& steps) const {
    std::vector<text_block> blocks;
    for (const auto& step : steps) blocks.push_back(show_step(step));
    return blocks;
}

void process_scenario::fail(std::vector<std::vector<std::string>> expected,
                            std::vector<std::vector<std::string>> actual) const {
    if (expected.empty()) expected.push_back({"nothing"});
    if (actual.empty()) actual.push_back({"nothing"});
    throw scenario_failed(fmt::format("{}\n{}", title_, side_by_side(std::move(expected), std::move(actual))));
}

void process_scenario::expect_commands(std::vector<std::shared_ptr<const Message>> expected) const {
    reaction_steps sent;
    std::ranges::copy_if(steps_, std::back_inserter(sent), [](const auto& step) { return step.what == action::send; });
    if (std::ranges::equal(expected, sent, [](const auto& a, const auto& b) { return are_equal(*a, *b.command); }))
        return;
    std::vector<text_block> blocks;
    for (const auto& command : expected) blocks.push_back(show(*command));
    fail(std::move(blocks), show_steps(sent));
}

void process_scenario::expect_deadline(std::string_view name, timestamp due, const Message* command) const {
    reaction_steps set;
    std::ranges::copy_if(steps_, std::back_inserter(set), sets_deadline);
    // When a name is set twice, the last one stands.
    const auto found = std::find_if(set.rbegin(), set.rend(), [&](const auto& step) { return step.deadline == name; });
    if (found != set.rend() && due_of(*found) == due && (command == nullptr || are_equal(*command, *found->command)))
        return;
    std::vector<text_block> actual;
    for (const auto& step : set)
        actual.push_back(show_deadline(step.deadline, due_of(step), command == nullptr ? nullptr : step.command.get()));
    fail({show_deadline(name, due, command)}, std::move(actual));
}

void process_scenario::expect_cancelled(std::string_view name) const {
    reaction_steps cancelled;
    std::ranges::copy_if(steps_, std::back_inserter(cancelled),
                         [](const auto& step) { return step.what == action::cancel; });
    if (std::ranges::find(cancelled, name, &reaction_step::deadline) == cancelled.end())
        fail({show_cancelled(name)}, show_steps(cancelled));
}

void process_scenario::expect_nothing() const {
    if (!steps_.empty()) fail({}, show_steps(steps_));
}

void process_scenario::expect_same_again() const {
    const auto again = run();
    const auto first = show_steps(steps_);
    if (first == show_steps(again)) return;
    throw scenario_failed(
        fmt::format("{}\n  (expected: when it was handled first; actual: when it was handled again)\n{}", title_,
                    side_by_side(first, show_steps(again))));
}

}  // namespace stele::inline v0::detail
