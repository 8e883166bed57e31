#pragma once

#include <stele/codec/codec.hpp>
#include <stele/commands/command_error.hpp>
#include <stele/commands/receipt.hpp>
#include <stele/eventstore/metadata.hpp>
#include <stele/processes/reaction.hpp>

#include <algorithm>
#include <expected>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

/// A process manager without its type.
namespace stele::inline v0::detail {

/// What an event is shown to a process for; the context of its event_table. One recorded event may become several
/// messages when it is decoded, each of which may belong to another instance.
struct process_visit {
    /// The state that takes the event; without one, only the instances that it belongs to are asked for.
    void* state = nullptr;
    /// Which instance the state is of. Messages of other instances pass it by.
    std::string_view instance = {};
    bool wants_reaction = false;

    std::vector<std::string> instances = {};  ///< Each once, in the order of the messages.
    reaction_steps steps = {};

    void add_instance(const std::string& name) {
        if (!name.empty() && std::ranges::find(instances, name) == instances.end()) instances.push_back(name);
    }
    void add(const reaction_steps& more) { steps.insert(steps.end(), more.begin(), more.end()); }
};

/// A command that a process may send.
struct process_command {
    std::string_view type;                       ///< Full name.
    const google::protobuf::Message* prototype;  ///< The message to parse it into.
    std::expected<receipt, command_error> (*send)(void* bus, const google::protobuf::Message& command,
                                                  const metadata& about, const send_options& how);
    void (*evolve)(void* state, const google::protobuf::Message& command, const rejection& why);
    reaction_steps (*react)(const void* state, const google::protobuf::Message& command, const rejection& why);
};

using process_state = std::unique_ptr<void, void (*)(void*)>;

/// What the runner has to know about a process manager.
struct process_definition {
    std::string_view name;
    const event_table* events = nullptr;
    std::vector<process_command> commands;
    process_state (*make)() = nullptr;  ///< Makes the state before the first event.
    void* bus = nullptr;                ///< First argument of process_command::send.

    /// Returns the command of this type, or nullptr.
    [[nodiscard]] const process_command* find(std::string_view type) const {
        const auto found = std::ranges::find(commands, type, &process_command::type);
        return found == commands.end() ? nullptr : &*found;
    }
};

}  // namespace stele::inline v0::detail
