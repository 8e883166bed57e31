#include "processes/journal/process_journal.hpp"

#include "stele_process.pb.h"

#include <stele/codec/codec.hpp>
#include <stele/eventstore/detail/parse_message.hpp>
#include <stele/eventstore/detail/saturating_time.hpp>
#include <stele/eventstore/detail/stored_number.hpp>
#include <stele/eventstore/error.hpp>
#include <stele/eventstore/metadata.hpp>

#include <fmt/format.h>

#include <algorithm>
#include <optional>

namespace stele::inline v0::detail {
namespace {

std::string describe(const recorded_event& entry) {
    return fmt::format("version {} of \"{}\", the journal of a process,", entry.version.value, entry.stream);
}

/// The event that caused another one; nothing if that came from outside, or its metadata are in a form of somebody
/// else's.
std::optional<uuid> cause_of(std::string_view metadata) {
    try {
        return uuid::parse(decode_metadata(metadata).causation_id);
    } catch (const error& fault) {
        if (fault.kind() != error_kind::undecodable) throw;
        return {};
    }
}

/// Folds the entries of one journal.
class journal_fold {
public:
    journal_fold(event_store& store, const process_definition& process, std::string_view instance)
        : store_(store), process_(process), instance_(instance), decoder_(*process.events), result_{process.make()} {}

    void fold(const recorded_event& entry) {
        if (const auto handled = parse<v1::ProcessEventHandled>(entry))
            evolve(position{stored_number(handled->position(), describe(entry))});
        else if (const auto rejected = parse<v1::ProcessCommandRejected>(entry))
            evolve(*rejected, entry);
        else if (auto set = parse<v1::ProcessDeadlineSet>(entry))
            result_.deadlines.insert_or_assign(
                set->name(), pending_deadline{timestamp{std::chrono::microseconds{set->due()}}, set->type(),
                                              set->command(), entry.id, std::string{entry.metadata}});
        else if (const auto cancelled = parse<v1::ProcessDeadlineCancelled>(entry))
            result_.deadlines.erase(cancelled->name());
        else if (const auto fired = parse<v1::ProcessDeadlinePassed>(entry))
            result_.deadlines.erase(fired->name());
        else if (const auto missed = parse<v1::ProcessDeadlineMissed>(entry))
            result_.deadlines.erase(missed->name());
        else if (const auto ended = parse<v1::ProcessEnded>(entry))
            end(position{stored_number(ended->position(), describe(entry))});
        else
            throw journal_fault(
                error_kind::undecodable,
                fmt::format("The {} is a {}, which is no entry of a journal. Streams of the category \"{}\" are "
                            "the journals of the process of that name: rename the process or the aggregate.",
                            describe(entry), entry.type, process_.name));
        if (result_.version.value == 0) result_.removed = {entry.version.value - 1};
        result_.version = entry.version;
    }

    [[nodiscard]] process_instance take() { return std::move(result_); }

private:
    template <class Entry>
    std::optional<Entry> parse(const recorded_event& entry) const {
        if (entry.type != Entry::descriptor()->full_name()) return {};
        std::optional<Entry> parsed{std::in_place};
        if (const auto done = parse_message(*parsed, entry.payload); !done)
            throw journal_fault(error_kind::undecodable,
                                fmt::format("The {} is not a {}: {}.", describe(entry), entry.type, done.error()));
        return parsed;
    }

    void end(position handled) {
        result_.state = process_.make();
        result_.deadlines.clear();
        result_.is_ended = true;
        result_.handled = std::max(result_.handled, handled);
    }

    // The journal has only a link, so that an event removed from its stream is not kept in another one.
    void evolve(position event) {
        result_.is_ended = false;
        process_visit visit{.state = result_.state.get(), .instance = instance_};
        auto link = store_.read_all({.after = {event.value - 1}, .up_to = event});
        // An event that the process no longer lists is passed over, as those that were never handled.
        for (const recorded_event& found : std::move(link).events())
            static_cast<void>(decoder_.decode_if_known(found, &visit));
        result_.handled = std::max(result_.handled, event);
    }

    void evolve(const v1::ProcessCommandRejected& outcome, const recorded_event& entry) {
        const auto command = parse_command(process_, outcome.type(), outcome.command(), describe(entry));
        process_.find(outcome.type())->evolve(result_.state.get(), *command, {outcome.code(), outcome.message()});
    }

    event_store& store_;
    const process_definition& process_;
    std::string_view instance_;
    event_decoder decoder_;
    process_instance result_;
};

event_data entry_of(const google::protobuf::Message& entry, const std::string& metadata) {
    return encode_event(entry, metadata);
}

}  // namespace

process_instance load_instance(event_store& store, const process_definition& process, const stream_id& journal) {
    journal_fold fold{store, process, journal.instance_id()};
    // Before the entries are read: if none is there any more, the journal was truncated, and is still at this version.
    const auto end = store.stream_version(journal);
    if (end.value == 0) return fold.take();
    // What was before the last end has no effect on the state.
    version before{};
    const std::string ended{v1::ProcessEnded::descriptor()->full_name()};
    for (const recorded_event& entry :
         store.read_stream(journal, {.direction = direction::backward, .limit = 1, .types = {ended}}).events())
        before = {entry.version.value - 1};
    for (const recorded_event& entry : store.read_stream(journal, {.after = before}).events()) fold.fold(entry);
    auto instance = fold.take();
    if (instance.version.value == 0) instance.version = instance.removed = end;
    return instance;
}

std::unique_ptr<google::protobuf::Message> parse_command(const process_definition& process, std::string_view type,
                                                         std::string_view bytes, std::string_view where) {
    const auto* known = process.find(type);
    if (known == nullptr)
        throw journal_fault(error_kind::undecodable,
                            fmt::format("The {} holds a command {}, which the process does not list. "
                                        "Keep the message in its `commands`.",
                                        where, type));
    std::unique_ptr<google::protobuf::Message> command{known->prototype->New()};
    if (const auto parsed = parse_message(*command, bytes); !parsed)
        throw journal_fault(error_kind::undecodable, fmt::format("The {} holds a command {} that cannot be read: {}.",
                                                                 where, type, parsed.error()));
    return command;
}

bool was_handled(event_store& store, const stream_id& journal, position event) {
    for (const recorded_event& entry : store.read_stream(journal).events()) {
        v1::ProcessEventHandled handled;
        if (entry.type == v1::ProcessEventHandled::descriptor()->full_name() && parse_message(handled, entry.payload) &&
            handled.position() == event.value)
            return true;
    }
    return false;
}

std::optional<std::string> deadline_of(const recorded_event& entry) {
    v1::ProcessDeadlineSet set;
    if (entry.type != v1::ProcessDeadlineSet::descriptor()->full_name() || !parse_message(set, entry.payload))
        return {};
    return set.name();
}

bool is_imported(event_store& store, const recorded_event& event, std::chrono::microseconds late) {
    constexpr int longest_chain = 100;
    const auto is_late = [&](timestamp time, timestamp recorded_at) {
        return time < saturating_add(recorded_at, -late);
    };
    if (!is_late(occurred_at(event), event.recorded_at)) return false;
    auto cause = cause_of(event.metadata);
    for (int i = 0; cause && i < longest_chain; ++i) {
        const auto known = store.find_event(*cause);
        if (!known) return true;
        if (!is_late(occurred_at(*known), known->recorded_at)) return false;
        cause = cause_of(known->metadata);
    }
    return true;
}

std::optional<dead_letter> find_deadline_entry(event_store& store, const stream_id& journal, std::string_view name) {
    std::optional<dead_letter> found;
    for (const recorded_event& entry : store.read_stream(journal).events())
        if (deadline_of(entry) == name)
            found = dead_letter{.position = entry.position,
                                .stream = journal.str(),
                                .type = std::string{entry.type},
                                .key = std::string{journal.instance_id()}};
    return found;
}

event_data handled_entry(position event, const std::string& metadata) {
    v1::ProcessEventHandled entry;
    entry.set_position(event.value);
    return entry_of(entry, metadata);
}

event_data rejected_entry(const google::protobuf::Message& command, const rejection& reason,
                          const std::string& metadata) {
    v1::ProcessCommandRejected entry;
    entry.set_type(command.GetDescriptor()->full_name());
    entry.set_command(command.SerializeAsString());
    entry.set_code(reason.code);
    entry.set_message(reason.message);
    return entry_of(entry, metadata);
}

event_data set_entry(std::string_view name, const pending_deadline& deadline) {
    v1::ProcessDeadlineSet entry;
    entry.set_name(std::string{name});
    entry.set_due(deadline.due.time_since_epoch().count());
    entry.set_type(deadline.command_type);
    entry.set_command(deadline.command);
    return entry_of(entry, deadline.metadata);
}

event_data cancelled_entry(std::string_view name, const std::string& metadata) {
    v1::ProcessDeadlineCancelled entry;
    entry.set_name(std::string{name});
    return entry_of(entry, metadata);
}

event_data missed_entry(std::string_view name, timestamp due, const std::string& metadata) {
    v1::ProcessDeadlineMissed entry;
    entry.set_name(std::string{name});
    entry.set_due(due.time_since_epoch().count());
    return entry_of(entry, metadata);
}

event_data ended_entry(position handled, const std::string& metadata) {
    v1::ProcessEnded entry;
    entry.set_position(handled.value);
    return entry_of(entry, metadata);
}

event_data fired_entry(std::string_view name, const std::string& metadata) {
    v1::ProcessDeadlinePassed entry;
    entry.set_name(std::string{name});
    return entry_of(entry, metadata);
}

}  // namespace stele::inline v0::detail
