#include <stele/commands/detail/command_table.hpp>

#include <fmt/format.h>

#include <algorithm>
#include <climits>
#include <memory>

namespace stele::inline v0::detail {
namespace {

/// A name that came from outside, short enough for a message and without characters that would spoil it.
std::string shown(std::string_view name) {
    constexpr std::size_t longest = 100;
    std::string text(name.substr(0, longest));
    std::ranges::replace_if(text, [](char c) { return c < ' ' || c > '~'; }, '?');
    return name.size() > longest ? text + "…" : text;
}

}  // namespace

command_table::command_table(std::vector<command_entry> entries) : entries_(std::move(entries)) {
    std::ranges::sort(entries_, {}, &command_entry::type);
}

const command_entry& command_table::find(std::string_view type) const {
    const auto place = std::ranges::lower_bound(entries_, type, {}, &command_entry::type);
    if (place != entries_.end() && place->type == type) return *place;

    std::vector<std::string_view> names;
    for (const auto& entry : entries_) names.push_back(entry.type);
    const auto meant = near_names(type, names);
    throw error(error_kind::invalid_argument,
                fmt::format("\"{}\" is not one of the {} commands of this bus{}", shown(type), names.size(),
                            meant.empty() ? "; give the full name, with the package."
                                          : fmt::format(". Near it: {}.", fmt::join(meant, ", "))));
}

command_result command_table::dispatch(void* bus, std::string_view type, std::string_view bytes, const metadata& about,
                                       const send_options& how) const {
    const auto& entry = find(type);
    const std::unique_ptr<google::protobuf::Message> command{entry.prototype->New()};
    const bool parsed =
        bytes.size() <= INT_MAX && command->ParsePartialFromArray(bytes.data(), static_cast<int>(bytes.size()));
    if (!parsed)
        throw error(error_kind::undecodable,
                    fmt::format("The {} bytes of the command are not a {}.", bytes.size(), entry.type));
    if (!command->IsInitialized())
        throw error(error_kind::undecodable,
                    fmt::format("The {} bytes of the command are not a {}: it lacks the required fields {}.",
                                bytes.size(), entry.type, command->InitializationErrorString()));
    return entry.send(bus, *command, about, how);
}

}  // namespace stele::inline v0::detail
