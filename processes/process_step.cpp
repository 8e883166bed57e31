#include "processes/process_step.hpp"

#include "processes/batch/process_batch.hpp"

#include <stele/codec/codec.hpp>
#include <stele/commands/command_bus.hpp>
#include <stele/commands/detail/key_reused.hpp>
#include <stele/eventstore/detail/saturating_time.hpp>
#include <stele/eventstore/detail/utf8.hpp>
#include <stele/eventstore/error.hpp>
#include <stele/processes/process_limits.hpp>

#include <fmt/format.h>

#include <algorithm>
#include <chrono>
#include <thread>

namespace stele::inline v0::detail {
namespace {

// The name space of idempotency keys. Part of the file format: never change it.
constexpr uuid command_space{
    {0x5e, 0x1f, 0x0c, 0x3a, 0x8b, 0x52, 0x4d, 0x0e, 0x9a, 0x77, 0x21, 0xd4, 0x6f, 0x90, 0xb3, 0x18}};

/// A command in conflict is sent again after 1, 2, 4 … milliseconds, all in all a quarter of a second.
constexpr unsigned max_waits = 8;

/// As much of a text as a journal keeps.
std::string cut(std::string_view text) {
    constexpr std::size_t longest_text = 64UL << 10;
    return std::string{cut_utf8(text, longest_text)};
}

metadata acting(metadata given, std::string_view process) {
    given.actor = process;
    return given;
}

}  // namespace

process_step::process_step(const process_definition& process, command_bus_base& bus, process_instance& instance,
                           stream_id journal, uuid cause, const stele::metadata& metadata, deadline_terms terms,
                           std::uint64_t most_commands)
    : process_(process),
      bus_(bus),
      instance_(instance),
      journal_(std::move(journal)),
      cause_(cause),
      metadata_(acting(metadata, process.name)),
      metadata_bytes_(encode(metadata_)),
      terms_(terms),
      most_commands_(most_commands) {}

void process_step::handle(const recorded_event& event, event_decoder& decoder) {
    // Where the state can be compared, an event that changes nothing needs no entry, except the first of an instance.
    const bool is_compared = process_.copy != nullptr && instance_.exists();
    const auto before = is_compared ? process_.copy(instance_.state.get()) : owned_state{nullptr, [](void*) {}};
    entries.push_back(handled_entry(event.position, metadata_bytes_));
    instance_.is_ended = false;
    process_visit visit{.state = instance_.state.get(), .instance = journal_.instance_id(), .wants_reaction = true};
    decoder.decode(event, &visit);
    instance_.handled = std::max(instance_.handled, event.position);
    take(visit.actions);
    run();
    if (is_compared && entries.size() == 1 && documents.empty() && sent_ == 0 &&
        process_.equal(before.get(), instance_.state.get()))
        entries.clear();
}

void process_step::fire(const std::string& deadline) {
    const auto pending = instance_.deadlines.at(deadline);
    entries.push_back(fired_entry(deadline, metadata_bytes_));
    forget(deadline);
    waiting_.push_back(parse_command(process_, pending.command_type, pending.command, "journal " + journal_.str()));
    run();
}

void process_step::take(const reaction_actions& actions) {
    const auto more = std::ranges::count(actions, reaction_action::type::send, &reaction_action::kind);
    check_commands(journal_.str(), sent_ + waiting_.size() + static_cast<std::uint64_t>(more), most_commands_);
    for (const reaction_action& action : actions) {
        switch (action.kind) {
            case reaction_action::type::send: waiting_.push_back(action.command); break;
            case reaction_action::type::set_at:
            case reaction_action::type::set_after: set(action); break;
            case reaction_action::type::cancel: cancel(action.deadline); break;
            case reaction_action::type::end: ends_ = true; break;
        }
    }
}

void process_step::set(const reaction_action& action) {
    check_deadline_name(process_.name, action.deadline);
    forget(action.deadline);
    const auto due =
        action.kind == reaction_action::type::set_at ? action.due : saturating_add(terms_.from, action.delay);
    if (due < terms_.earliest) {
        entries.push_back(missed_entry(action.deadline, due, metadata_bytes_));
        return;
    }
    auto command = encode_event(*action.command, {});
    pending_deadline deadline{.due = due,
                              .command_type = std::move(command.type),
                              .command = std::move(command.payload),
                              .id = {},
                              .metadata = metadata_bytes_};
    entries.push_back(set_entry(action.deadline, deadline));
    deadline.id = entries.back().id;
    set_deadlines.push_back({std::string{journal_.instance_id()}, action.deadline, deadline.due});
    write(put_deadline(process_.name, set_deadlines.back()));
    instance_.deadlines.insert_or_assign(action.deadline, std::move(deadline));
}

void process_step::cancel(const std::string& deadline) {
    if (!instance_.deadlines.contains(deadline)) return;
    entries.push_back(cancelled_entry(deadline, metadata_bytes_));
    forget(deadline);
}

void process_step::forget(const std::string& deadline) {
    const auto found = instance_.deadlines.find(deadline);
    if (found == instance_.deadlines.end()) return;
    write(remove_deadline(process_.name, {std::string{journal_.instance_id()}, deadline, found->second.due}));
    instance_.deadlines.erase(found);
}

void process_step::write(document_write document) {
    const auto is_same = [&](const document_write& other) {
        return other.kind == document.kind && other.key == document.key;
    };
    if (const auto before = std::ranges::find_if(documents, is_same); before != documents.end())
        *before = std::move(document);
    else
        documents.push_back(std::move(document));
}

void process_step::run() {
    while (!waiting_.empty()) {
        const auto command = std::move(waiting_.front());
        waiting_.pop_front();
        send(*command);
    }
    if (ends_) end();
}

void process_step::end() {
    while (!instance_.deadlines.empty()) forget(std::string{instance_.deadlines.begin()->first});
    entries.push_back(ended_entry(instance_.handled, metadata_bytes_));
    instance_.state = process_.make();
    instance_.is_ended = true;
}

void process_step::send(const google::protobuf::Message& command) {
    const send_options options{.metadata = metadata_, .idempotency_key = next_key(), .remember_rejection = true};
    for (unsigned waits = 0;; ++waits) {
        const auto result = decide(command, options);
        if (result) return;
        if (const auto* no = result.error().rejection()) return take_rejection(command, *no);
        if (result.error().conflict()->reason == conflict_reason::tombstoned)
            return take_rejection(command, {"tombstoned", result.error().message()});
        if (waits == max_waits) throw error(error_kind::busy, result.error().message());
        std::this_thread::sleep_for(std::chrono::milliseconds{1U << waits});
    }
}

std::expected<receipt, command_error> process_step::decide(const google::protobuf::Message& command,
                                                           const send_options& options) {
    try {
        return batch_ != nullptr ? batch_->send(journal_, command, options) : bus_.send(command, options);
    } catch (const key_reused& reused) {
        throw error(
            error_kind::invalid_argument,
            fmt::format("{} sent {} for {} in this place before, and would send {} for {} now. Until an event or "
                        "a deadline is handled, a process must send the same commands in the same order.",
                        journal_.str(), reused.command, reused.stream, reused.next_command, reused.next_stream));
    }
}

void process_step::take_rejection(const google::protobuf::Message& command, const rejection& given) {
    // The process must see now what it will see when the journal is read.
    const rejection reason{cut(repair_utf8(given.code)), cut(repair_utf8(given.message))};
    const auto& known = *process_.find(command.GetDescriptor()->full_name());
    entries.push_back(rejected_entry(command, reason, metadata_bytes_));
    known.evolve(instance_.state.get(), command, reason);
    take(known.react(instance_.state.get(), command, reason));
}

uuid process_step::next_key() {
    auto text = fmt::format("{}\n{}\n{}", journal_.str(), cause_.str(), sent_++);
    if (instance_.removal.value > 0) text += fmt::format("\n{}", instance_.removal.value);
    return make_idempotency_key(command_space, text);
}

}  // namespace stele::inline v0::detail
