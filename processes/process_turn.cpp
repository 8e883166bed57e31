#include "processes/process_turn.hpp"

#include "processes/process_deadlines.hpp"

#include <fmt/format.h>

#include <chrono>
#include <thread>

namespace stele::inline v0::detail {
namespace {

// What ids of commands are derived in. Part of the file format: never change it.
constexpr uuid command_space{
    {0x5e, 0x1f, 0x0c, 0x3a, 0x8b, 0x52, 0x4d, 0x0e, 0x9a, 0x77, 0x21, 0xd4, 0x6f, 0x90, 0xb3, 0x18}};

/// More than that in one turn is a process that answers each rejection with the same command.
constexpr std::uint64_t max_commands = 10'000;

/// A command in conflict is sent again after 1, 2, 4 … milliseconds, all in all a quarter of a second.
constexpr unsigned max_waits = 8;

metadata acting(metadata about, std::string_view process) {
    about.actor = process;
    return about;
}

}  // namespace

process_turn::process_turn(const process_definition& process, process_instance& instance, stream_id journal, uuid cause,
                           const metadata& about, timestamp now)
    : process_(process),
      instance_(instance),
      journal_(std::move(journal)),
      cause_(cause),
      about_(acting(about, process.name)),
      metadata_(encode(about_)),
      now_(now) {}

void process_turn::handle(const recorded_event& event, event_decoder& decoder) {
    entries.push_back(handled_entry(event.position, metadata_));
    process_visit visit{.state = instance_.state.get(), .instance = journal_.instance_id(), .wants_reaction = true};
    decoder.decode(event, &visit);
    instance_.handled = event.position;
    take(visit.steps);
    run();
}

void process_turn::pass(const std::string& deadline) {
    const auto pending = instance_.deadlines.at(deadline);
    entries.push_back(passed_entry(deadline, metadata_));
    forget(deadline);
    waiting_.push_back(parse_command(process_, pending.command_type, pending.command, journal_.str()));
    run();
}

void process_turn::take(const reaction_steps& steps) {
    for (const reaction_step& step : steps) {
        switch (step.what) {
            case reaction_step::action::send: waiting_.push_back(step.command); break;
            case reaction_step::action::set_at:
            case reaction_step::action::set_after: set(step); break;
            case reaction_step::action::cancel: cancel(step.deadline); break;
        }
    }
}

void process_turn::set(const reaction_step& step) {
    check_deadline_name(process_.name, step.deadline);
    forget(step.deadline);
    auto command = encode_event(*step.command, {});
    pending_deadline deadline{.due = step.what == reaction_step::action::set_at ? step.due : now_ + step.delay,
                              .command_type = std::move(command.type),
                              .command = std::move(command.payload),
                              .id = {},
                              .metadata = metadata_};
    entries.push_back(set_entry(step.deadline, deadline));
    deadline.id = entries.back().id;
    documents.push_back(
        put_deadline(process_.name, {std::string{journal_.instance_id()}, step.deadline, deadline.due}));
    instance_.deadlines.insert_or_assign(step.deadline, std::move(deadline));
}

void process_turn::cancel(const std::string& deadline) {
    if (!instance_.deadlines.contains(deadline)) return;
    entries.push_back(cancelled_entry(deadline, metadata_));
    forget(deadline);
}

void process_turn::forget(const std::string& deadline) {
    const auto found = instance_.deadlines.find(deadline);
    if (found == instance_.deadlines.end()) return;
    documents.push_back(
        remove_deadline(process_.name, {std::string{journal_.instance_id()}, deadline, found->second.due}));
    instance_.deadlines.erase(found);
}

void process_turn::run() {
    while (!waiting_.empty()) {
        const auto command = std::move(waiting_.front());
        waiting_.pop_front();
        send(*command);
    }
}

void process_turn::send(const google::protobuf::Message& command) {
    const auto& type = command.GetDescriptor()->full_name();
    const auto& known = *process_.find(type);
    const send_options how{.id = next_id(), .remember_rejection = true};
    for (unsigned waits = 0;; ++waits) {
        const auto result = known.send(process_.bus, command, about_, how);
        if (result) return;
        if (const auto* no = result.error().rejection()) return take_rejection(known, command, *no);
        if (result.error().conflict()->reason == conflict_reason::tombstoned)
            return take_rejection(known, command, {"tombstoned", result.error().message()});
        if (waits == max_waits) throw error(error_kind::busy, result.error().message());
        std::this_thread::sleep_for(std::chrono::milliseconds{1U << waits});
    }
}

void process_turn::take_rejection(const process_command& known, const google::protobuf::Message& command,
                                  const rejection& why) {
    entries.push_back(rejected_entry(command, why, metadata_));
    known.evolve(instance_.state.get(), command, why);
    take(known.react(instance_.state.get(), command, why));
}

uuid process_turn::next_id() {
    if (sent_ == max_commands)
        throw error(error_kind::invalid_argument,
                    fmt::format("{}: has sent {} commands about one event; a process that answers a rejection with the "
                                "same command never comes to an end",
                                journal_.str(), sent_));
    return command_id(command_space, fmt::format("{}\n{}\n{}", journal_.str(), cause_.str(), sent_++));
}

}  // namespace stele::inline v0::detail
