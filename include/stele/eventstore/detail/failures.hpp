#pragma once

#include <stele/eventstore/error.hpp>
#include <stele/eventstore/event.hpp>

#include <exception>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace stele::inline v0::detail {

/// What an exception says.
std::string message_of(const std::exception_ptr& failure);

/// The kind of a stele::error; nothing if it is another exception.
std::optional<error_kind> kind_of(const std::exception_ptr& failure);

/// Throws the exception that is being handled again, nested in a stele::error of its kind (invalid_argument, if it has
/// none) that says "`what`: " and what the exception says.
[[noreturn]] void throw_with(std::string_view what);

/// The same, where `what` is who failed, and the event's position, stream and type.
[[noreturn]] void throw_failed_at(std::string_view who, const recorded_event& event);

/// Throws one exception for all, if there are any: the only one as it is, several as one that tells of each. `who` are
/// those that failed: "projections". If the first is no stele::error, it is thrown as it is.
void throw_any(const std::vector<std::exception_ptr>& failures, std::string_view who);

}  // namespace stele::inline v0::detail
