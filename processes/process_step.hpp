#pragma once

#include "processes/journal/process_deadlines.hpp"
#include "processes/journal/process_journal.hpp"

#include <stele/commands/command_bus.hpp>
#include <stele/commands/command_error.hpp>
#include <stele/commands/receipt.hpp>
#include <stele/eventstore/event_store.hpp>
#include <stele/eventstore/metadata.hpp>

#include <cstdint>
#include <deque>
#include <expected>
#include <memory>
#include <string>
#include <vector>

namespace stele::inline v0 {

namespace detail {

class process_batch;

/// What the deadlines of a turn are measured by.
struct deadline_terms {
    timestamp from = {};                    ///< What reaction::after() counts from.
    timestamp earliest = timestamp::min();  ///< One that is due before this is missed.
};

/// The handling of one cause (an event or a deadline) by one instance of a process: sends commands, takes rejections,
/// sends more commands …, and collects what to write at the end.
///
/// The idempotency keys of the commands are derived from process, instance, cause, index and what was removed from the
/// journal, so a step that is cut off and repeated from the same state sends nothing twice.
class process_step {
public:
    /// `cause` is the event to handle, or the one that set the deadline. `metadata` is that of the commands. At most
    /// `most_commands` are sent.
    process_step(const process_definition& process, command_bus_base& bus, process_instance& instance,
                 stream_id journal, uuid cause, const stele::metadata& metadata, deadline_terms terms,
                 std::uint64_t most_commands);

    /// Its commands are decided in a batch, if one is given.
    void join(process_batch* batch) noexcept { batch_ = batch; }

    /// Delivers an event to the process.
    void handle(const recorded_event& event, event_decoder& decoder);
    /// Sends the command of a deadline.
    void fire(const std::string& deadline);
    /// Cancels a deadline.
    void cancel(const std::string& deadline);

    /// The events to append to the journal; none if the event has changed nothing and led to nothing.
    std::vector<event_data> entries;
    /// The documents to write with them.
    std::vector<document_write> documents;
    /// The deadlines that it sets, with those that it cancels again.
    std::vector<due_deadline> set_deadlines;

private:
    void take(const reaction_actions& actions);
    void set(const reaction_action& action);
    void forget(const std::string& deadline);
    void end();
    /// Adds to `documents`. The last write to a key counts.
    void write(document_write document);
    void run();
    void send(const google::protobuf::Message& command);
    std::expected<receipt, command_error> decide(const google::protobuf::Message& command, const send_options& options);
    void take_rejection(const google::protobuf::Message& command, const rejection& given);
    uuid next_key();

    const process_definition& process_;
    command_bus_base& bus_;
    process_batch* batch_ = nullptr;
    process_instance& instance_;
    stream_id journal_;
    uuid cause_;
    stele::metadata metadata_;
    std::string metadata_bytes_;
    deadline_terms terms_;
    std::uint64_t most_commands_;
    bool ends_ = false;
    std::uint64_t sent_ = 0;
    std::deque<std::shared_ptr<const google::protobuf::Message>> waiting_;
};

}  // namespace detail
}  // namespace stele::inline v0
