#include "commands/near_names.hpp"

#include <stele/commands/detail/command_definition.hpp>
#include <stele/eventstore/error.hpp>

#include <fmt/format.h>

#include <algorithm>

namespace stele::inline v0::detail {
namespace {

std::string_view name_of(const command_definition& command) {
    return command.prototype->GetDescriptor()->full_name();
}

/// A name from outside, short enough for a message and without characters that would spoil it.
std::string shown(std::string_view name) {
    constexpr std::size_t longest = 100;
    std::string text(name.substr(0, longest));
    std::ranges::replace_if(text, [](char c) { return c < ' ' || c > '~'; }, '?');
    return name.size() > longest ? text + "…" : text;
}

}  // namespace

command_table::command_table(std::vector<command_definition> commands) : commands_(std::move(commands)) {
    std::ranges::sort(commands_, {}, name_of);
    for (std::size_t i = 0; i < commands_.size(); ++i)
        by_type_.emplace_back(commands_[i].prototype->GetDescriptor(), i);
    std::ranges::sort(by_type_);
}

const command_definition* command_table::find(const google::protobuf::Descriptor& type) const {
    const auto found =
        std::ranges::lower_bound(by_type_, &type, std::ranges::less{}, [](const auto& entry) { return entry.first; });
    return found != by_type_.end() && found->first == &type ? &commands_[found->second] : nullptr;
}

const command_definition& command_table::get(std::string_view type) const {
    const auto found = std::ranges::lower_bound(commands_, type, {}, name_of);
    if (found != commands_.end() && name_of(*found) == type) return *found;

    std::vector<std::string_view> names;
    for (const auto& command : commands_) names.push_back(name_of(command));
    const auto near = near_names(type, names);
    throw error(error_kind::invalid_argument,
                fmt::format("\"{}\" is not one of the {} commands of this bus{}", shown(type), names.size(),
                            near.empty() ? "; give the full name, with the package."
                                         : fmt::format(". Near it: {}.", fmt::join(near, ", "))));
}

stream_id stream_of_command(const google::protobuf::Message& command, std::string_view category, std::string_view id) {
    try {
        return stream_id{category, id};
    } catch (const error& e) {
        throw error(e.kind(), fmt::format("The instance id of the command {} makes no stream name: {}",
                                          command.GetDescriptor()->full_name(), e.what()));
    }
}

}  // namespace stele::inline v0::detail
