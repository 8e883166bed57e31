#pragma once

#include <stele/event.hpp>

#include <string>
#include <string_view>

namespace stele::detail {

/// What the exception that is being handled says.
std::string message_of_exception();

/// Throws the exception that is being handled again, nested in a stele::error of its kind (invalid_argument, if it has
/// none) that names who failed, and the event's position, stream and type.
[[noreturn]] void throw_failed_at(std::string_view who, const recorded_event& event);

}  // namespace stele::detail
