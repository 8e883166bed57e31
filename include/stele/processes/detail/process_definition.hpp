#pragma once

#include <stele/codec/detail/event_table.hpp>
#include <stele/processes/reaction.hpp>
#include <stele/projections/dead_letter.hpp>

#include <algorithm>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

/// A process manager without its type.
namespace stele::inline v0::detail {

/// An instance that an event belongs to.
struct located_instance {
    std::string name;
    bool may_start = true;  ///< Whether the event may start it.
};

/// The context of the event table of a process. One recorded event may become several messages when it is decoded, and
/// each of them may belong to other instances.
struct process_visit {
    /// The state that takes the event; null: only collect the instances that it belongs to.
    void* state = nullptr;
    /// The instance of the state. Messages of other instances are skipped.
    std::string_view instance = {};
    bool wants_reaction = false;

    std::vector<located_instance> instances = {};  ///< Each once, in the order of the messages.
    reaction_actions actions = {};

    /// If one of several messages may start the instance, the event may.
    void add_instance(const std::string& name, bool may_start) {
        if (name.empty()) return;
        if (const auto found = find(name); found != instances.end())
            found->may_start = found->may_start || may_start;
        else
            instances.push_back({name, may_start});
    }
    [[nodiscard]] std::vector<located_instance>::iterator find(std::string_view name) {
        return std::ranges::find(instances, name, &located_instance::name);
    }
    void add(const reaction_actions& more) { actions.insert(actions.end(), more.begin(), more.end()); }
};

/// A command that a process may send, and how the process takes its rejection.
struct process_command {
    const google::protobuf::Message* prototype;
    void (*evolve)(void* state, const google::protobuf::Message& command, const rejection& reason);
    reaction_actions (*react)(const void* state, const google::protobuf::Message& command, const rejection& reason);

    [[nodiscard]] const std::string& type() const { return prototype->GetDescriptor()->full_name(); }
};

using owned_state = std::unique_ptr<void, void (*)(void*)>;

/// What the runner knows about a process manager.
struct process_definition {
    std::string_view name;
    const event_table* events = nullptr;
    std::vector<process_command> commands;
    std::optional<stele::on_fault> on_fault = {};  ///< Nothing: a dead letter if Stele refuses it, else stop.
    owned_state (*make)() = nullptr;               ///< Makes the state before the first event.
    bool lists_starts = false;                     ///< Not every event may start an instance.
    /// Copies a state, and compares two. Null if the process has no operator==, and members.
    owned_state (*copy)(const void* state) = nullptr;
    bool (*equal)(const void* one, const void* other) = nullptr;

    /// Returns the command of this type, or nullptr.
    [[nodiscard]] const process_command* find(std::string_view type) const {
        const auto found = std::ranges::find(commands, type, &process_command::type);
        return found == commands.end() ? nullptr : &*found;
    }
};

}  // namespace stele::inline v0::detail
