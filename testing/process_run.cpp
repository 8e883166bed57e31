#include "testing/process_run.hpp"

#include "testing/scenario_text.hpp"

#include <stele/codec/codec.hpp>
#include <stele/eventstore/detail/saturating_time.hpp>
#include <stele/eventstore/detail/utf8.hpp>
#include <stele/eventstore/metadata.hpp>
#include <stele/processes/process_limits.hpp>

#include <fmt/format.h>

#include <algorithm>
#include <tuple>

namespace stele::inline v0::detail {
namespace {

using kind = reaction_action::type;

/// Refuses what the runner refuses.
void check_reaction(std::string_view process, const reaction_actions& actions) {
    std::uint64_t commands = 0;
    for (const auto& action : actions) {
        if (action.kind == kind::set_at || action.kind == kind::set_after)
            check_deadline_name(process, action.deadline);
        if (action.kind == kind::send) ++commands;
    }
    check_commands(process, commands, max_commands_per_turn);
}

}  // namespace

process_run::process_run(const process_definition& process, std::span<const process_input> inputs)
    : process_(process), decoder_(*process.events), state_(process.make()) {
    std::vector<std::string> common;
    for (const auto& input : inputs) {
        if (!input.is_event()) continue;
        process_visit visit;
        decoder_.decode(record(input), &visit);
        // An event of no instance is delivered to nobody.
        if (visit.instances.empty()) continue;
        const auto before = common;
        if (common.empty())
            for (const auto& instance : visit.instances) common.push_back(instance.name);
        else
            std::erase_if(common, [&](const auto& name) { return visit.find(name) == visit.instances.end(); });
        if (common.empty())
            throw scenario_failed(fmt::format("{} belongs to the instance {}, but those before it to {}",
                                              one_line(*input.message), visit.instances.front().name, before.front()));
    }
    position_ = 0;
    now_ = {};
    if (common.empty()) return;
    instance_ = common.front();
    (void)stream_id{process_.name, instance_};  // its journal: the runner refuses what makes no stream name
}

recorded_event process_run::record(const process_input& input) {
    data_ = encode(*input.message, input.as.metadata);
    ++position_;
    now_ = std::max<timestamp>(now_, input.as.at);
    return as_recorded(data_, input.as.stream, {{position_}, {position_}}, now_);
}

reaction_actions process_run::take(const process_input& input) {
    if (input.elapsed && input.elapsed->count() < 0)
        throw error(error_kind::invalid_argument, "stele::time_elapses is negative: time passes forward.");
    if (input.elapsed) return fire_until(saturating_add(now_, *input.elapsed));
    if (input.advances_to) return fire_until(std::max(now_, *input.advances_to));
    auto actions = input.reason ? take_rejection(input) : take_event(input);
    check_reaction(process_.name, actions);
    apply(actions);
    return actions;
}

reaction_actions process_run::take_rejection(const process_input& input) {
    const auto& command = *process_.find(input.message->GetDescriptor()->full_name());
    const rejection reason{repair_utf8(input.reason->code), repair_utf8(input.reason->message)};
    command.evolve(state_.get(), *input.message, reason);
    return command.react(state_.get(), *input.message, reason);
}

reaction_actions process_run::take_event(const process_input& input) {
    const auto event = record(input);
    from_ = occurred_at(event);
    process_visit visit;
    decoder_.decode(event, &visit);
    const auto mine = visit.find(instance_);
    if (mine == visit.instances.end()) return {};
    if (!exists_ && !(mine->may_start && (!has_ended_ || process_.lists_starts))) return {};
    if (has_ended_ && !exists_) state_ = process_.make();
    exists_ = true;
    process_visit delivered{.state = state_.get(), .instance = instance_, .wants_reaction = true};
    decoder_.decode(event, &delivered);
    return std::move(delivered.actions);
}

void process_run::apply(reaction_actions& actions) {
    for (auto& action : actions) {
        switch (action.kind) {
            case kind::send: break;
            case kind::set_after:
                action.kind = kind::set_at;
                action.due = saturating_add(from_, action.delay);
                [[fallthrough]];
            case kind::set_at:
                deadlines_.insert_or_assign(action.deadline,
                                            pending{action.due, {.kind = kind::send, .command = action.command}});
                break;
            case kind::cancel: deadlines_.erase(action.deadline); break;
            case kind::end:
                exists_ = false;
                has_ended_ = true;
                break;
        }
    }
    if (has_ended_ && !exists_) deadlines_.clear();
}

reaction_actions process_run::fire_until(timestamp time) {
    now_ = from_ = time;
    reaction_actions fired;
    const auto order = [](const auto& deadline) { return std::tie(deadline.second.due, deadline.first); };
    while (!deadlines_.empty()) {
        const auto next = std::ranges::min_element(deadlines_, {}, order);
        if (next->second.due > time) break;
        fired.push_back(std::move(next->second.send));
        deadlines_.erase(next);
    }
    return fired;
}

}  // namespace stele::inline v0::detail
