#pragma once

#include "processes/process_journal.hpp"

#include <stele/eventstore/event_store.hpp>
#include <stele/eventstore/metadata.hpp>

#include <cstdint>
#include <deque>
#include <memory>
#include <string>
#include <vector>

namespace stele::inline v0::detail {

/// What a process does about one thing that happened, to one instance: sends commands, hears of rejections, sends more
/// commands …, and collects what is to be written when all is done.
///
/// The ids of the commands follow from process, instance, cause and index, so a turn that is cut off and taken again
/// from the same state sends nothing twice.
class process_turn {
public:
    /// `cause` is the event that is handled, or the one that set the deadline. `now` is for deadlines.
    process_turn(const process_definition& process, process_instance& instance, stream_id journal, uuid cause,
                 const metadata& about, timestamp now);

    /// Shows a recorded event to the process.
    void handle(const recorded_event& event, event_decoder& decoder);
    /// Sends the command of a deadline.
    void pass(const std::string& deadline);

    /// What to append to the journal; at least one.
    std::vector<event_data> entries;
    /// What to write with it.
    std::vector<document_write> documents;

private:
    void take(const reaction_steps& steps);
    void set(const reaction_step& step);
    void cancel(const std::string& deadline);
    void forget(const std::string& deadline);
    void run();
    void send(const google::protobuf::Message& command);
    void take_rejection(const process_command& known, const google::protobuf::Message& command, const rejection& why);
    uuid next_id();

    const process_definition& process_;
    process_instance& instance_;
    stream_id journal_;
    uuid cause_;
    metadata about_;
    std::string metadata_;  // about_, encoded
    timestamp now_;
    std::uint64_t sent_ = 0;
    std::deque<std::shared_ptr<const google::protobuf::Message>> waiting_;
};

}  // namespace stele::inline v0::detail
