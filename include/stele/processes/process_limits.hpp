#pragma once

#include <cstddef>
#include <cstdint>
#include <string_view>

/// What a process manager may ask for. More is an error (invalid_argument) at the event that leads to it.
namespace stele::inline v0 {

/// Most commands that one event, or one deadline, may lead to, with those that answer rejections, unless
/// process_runner_options::commands_per_turn says otherwise. A process that answers a rejection with the same command
/// would never end.
inline constexpr std::uint64_t max_commands_per_turn = 50'000;

/// Most bytes in the name of a deadline. At least 1; a name is UTF-8.
inline constexpr std::size_t max_deadline_name_bytes = 100;

/// Most instances that one event may belong to.
inline constexpr std::size_t max_instances_per_event = 1000;

namespace detail {

/// Throws stele::error (invalid_argument) if one event belongs to so many instances. `process` says whose event it is.
void check_instances(std::string_view process, std::size_t instances);

/// Throws stele::error (invalid_argument) if that is no valid name of a deadline.
void check_deadline_name(std::string_view process, std::string_view name);

/// Throws stele::error (invalid_argument) if a turn with so many commands is too long. `where` is the journal.
void check_commands(std::string_view where, std::uint64_t commands, std::uint64_t most);

}  // namespace detail
}  // namespace stele::inline v0
