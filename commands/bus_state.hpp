#pragma once

#include "commands/aggregate_cache.hpp"

#include <stele/commands/command_bus.hpp>
#include <stele/eventstore/detail/process_mark.hpp>

#include <string>

namespace stele::inline v0::detail {

/// What a command bus and its copies consist of.
struct bus_state {
    process_mark process = {};
    event_store& store;
    command_bus_options options;
    const command_table& commands;
    aggregate_cache cache;

    /// Throws stele::error (invalid_argument) if no aggregate of this bus decides the command.
    [[nodiscard]] const command_definition& get(const google::protobuf::Message& command) const;
};

/// A command, what is known of it, and the stream it is for.
struct bus_task {
    const google::protobuf::Message& command;
    const command_definition& definition;
    const stream_id& stream;
};

command_error failed(const bus_task& task, std::variant<rejection, conflict> reason, unsigned attempts);

/// The metadata of all events of one command: with a cause, if there is one, and a correlation id.
metadata correlated(metadata given);

/// Throws stele::error (invalid_argument): a middleware passed on another command than this one.
[[noreturn]] void refuse_other_command(const bus_task& task);

/// Throws stele::error (invalid_argument) for nothing_removed_after(): a bus decides on what is left.
void check_expected(const bus_task& task, expected_version expected);

/// The conflict of a command for a stream that is tombstoned; nothing if it is not. A state without events does not say
/// so, and nothing is appended that would. Asks the store only at version 0.
std::optional<conflict> closed_stream(event_store& store, const stream_id& stream, version reached);

/// Brings a command through the middleware of the bus to `last`, which gets the metadata.
template <class Last>
command_result pass_through(const bus_state& bus, const bus_task& task, const send_options& options,
                            bool is_in_transaction, const Last& last) {
    check_expected(task, options.expected);
    if (bus.options.middleware.empty()) return last(options.metadata);
    const auto checked = [&](const sent_command& sent) -> command_result {
        if (&sent.message != &task.command || &sent.stream != &task.stream) refuse_other_command(task);
        return last(sent.metadata);
    };
    using checked_type = decltype(checked);
    sent_command sent{task.command, task.stream, options, correlated(options.metadata), is_in_transaction};
    return next_step{
        bus.options.middleware,
        [](const void* step, const sent_command& s) { return (*static_cast<const checked_type*>(step))(s); },
        &checked}(sent);
}

}  // namespace stele::inline v0::detail
