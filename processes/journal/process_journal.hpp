#pragma once

#include <stele/eventstore/error.hpp>
#include <stele/eventstore/event_store.hpp>
#include <stele/processes/detail/process_rules.hpp>
#include <stele/projections/dead_letter.hpp>

#include <chrono>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

/// What an instance of a process remembers, and how it is stored (stele_process.proto).
namespace stele::inline v0::detail {

/// A deadline that is set.
struct pending_deadline {
    timestamp due;
    std::string command_type;  ///< Full name.
    std::string command;       ///< Bytes.
    uuid id;                   ///< Of the journal's event that set it.
    std::string metadata;      ///< Of that event, encoded.
};

/// One instance of a process, folded from its journal.
struct process_instance {
    owned_state state;             ///< That before the first event, if it does not exist.
    stele::version version = {};   ///< Of the journal; 0 if there is none.
    stele::version removed = {};   ///< It lacks the entries up to this version, which had been removed.
    stele::position handled = {};  ///< The last event that was handled.
    stele::position removal = {};  ///< Where the last removal from the journal is recorded; 0 if there is none.
    bool is_ended = false;
    std::map<std::string, pending_deadline, std::less<>> deadlines = {};

    /// Whether the journal has an entry of it, and it has not ended.
    [[nodiscard]] bool exists() const { return version > removed && !is_ended; }
};

/// What a journal holds is not what the process has written, or can still take: a fault of the program or of the store,
/// not of the event that is handled.
struct journal_fault : error {
    using error::error;
};

/// Folds the journal, from the last end of the instance on. The state lacks events that were removed, and those that
/// the process no longer lists. Throws journal_fault (undecodable) for an entry that does not parse or is not a
/// journal's, and for a command that the process no longer lists.
process_instance load_instance(event_store& store, const process_definition& process, const stream_id& journal);

/// Parses a command that the process sent. Throws journal_fault (undecodable); `where` says where it was found.
std::unique_ptr<google::protobuf::Message> parse_command(const process_definition& process, std::string_view type,
                                                         std::string_view bytes, std::string_view where);

/// Whether the journal says that this event was handled, wherever in it.
bool was_handled(event_store& store, const stream_id& journal, position event);

/// The name of the deadline that this entry of a journal sets; nothing if it is another entry.
std::optional<std::string> deadline_of(const recorded_event& entry);

/// Whether the event is history that somebody has imported: it occurred more than `late` before it was recorded. What
/// has a cause in the store has the business time of that, or of a deadline that it has set, however late it is
/// handled: it is history only if all its causes are.
bool is_imported(event_store& store, const recorded_event& event, std::chrono::microseconds late);

/// The entry that set the deadline last, as a dead letter without attempts; nothing if it is not there.
std::optional<dead_letter> find_deadline_entry(event_store& store, const stream_id& journal, std::string_view name);

// The entries.
event_data handled_entry(position event, const std::string& metadata);
event_data rejected_entry(const google::protobuf::Message& command, const rejection& reason,
                          const std::string& metadata);
event_data set_entry(std::string_view name, const pending_deadline& deadline);
event_data cancelled_entry(std::string_view name, const std::string& metadata);
event_data fired_entry(std::string_view name, const std::string& metadata);
event_data missed_entry(std::string_view name, timestamp due, const std::string& metadata);
event_data ended_entry(position handled, const std::string& metadata);

}  // namespace stele::inline v0::detail
