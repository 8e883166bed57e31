#pragma once

#include <stele/eventstore/error.hpp>
#include <stele/eventstore/event.hpp>

#include <exception>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace stele::inline v0::detail {

/// The message of an exception.
std::string message_of(const std::exception_ptr& failure);

/// The same, or "out of memory" if there is none for it.
std::string message_without_fail(const std::exception_ptr& failure) noexcept;

/// The kind of a stele::error; nothing for any other exception.
std::optional<error_kind> kind_of(const std::exception_ptr& failure);

/// Whether a handler failed because of the event that it was given, so that another event may succeed: an exception of
/// its own, or a stele::error of the kind handler_failed, invalid_argument or undecodable. A disk that is full, a store
/// that is busy, or memory that has run out, is no fault of the event, even if it is nested in an exception of the
/// handler.
bool is_of_the_event(const std::exception_ptr& failure);

/// Whether it is of the event for good, since Stele refuses what the event holds or leads to: a stele::error of the
/// kind invalid_argument or undecodable. What else a handler throws may pass.
bool is_refused(const std::exception_ptr& failure);

/// Rethrows the exception being handled, which a handler of the application has thrown. A stele::error that
/// is_refused() would take for Stele's own verdict on the event becomes handler_failed, with the same message: the
/// handler has called something in a wrong way.
[[noreturn]] void rethrow_of_handler();

/// Calls a handler of the application, and throws what it throws as above.
template <class Handler>
decltype(auto) call_handler(const Handler& handler) {
    try {
        return handler();
    } catch (const error&) {
        rethrow_of_handler();
    }
}

/// Rethrows the exception being handled, nested in a stele::error whose message is "`context`: " and its message. The
/// kind stays that of a stele::error; another exception is a handler's own, so it becomes handler_failed.
/// std::bad_alloc is rethrown as it is.
[[noreturn]] void throw_with(std::string_view context);

/// The same; the context is who failed and the event's position, stream, version and type.
[[noreturn]] void throw_failed_at(std::string_view who, const recorded_event& event);

/// Throws one exception for all failures, if there are any: a single one unchanged, several as one that lists them.
/// `who` names what failed: "projections". If the first is no stele::error, it is thrown unchanged.
void throw_any(const std::vector<std::exception_ptr>& failures, std::string_view who);

}  // namespace stele::inline v0::detail
