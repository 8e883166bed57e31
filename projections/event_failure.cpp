#include "projections/event_failure.hpp"

#include <stele/error.hpp>

#include <fmt/format.h>

#include <exception>

namespace stele::detail {

std::string message_of_exception() {
    try {
        throw;
    } catch (const std::exception& e) {
        return e.what();
    } catch (...) {
        return "an exception that is not a std::exception";
    }
}

void throw_failed_at(std::string_view who, const recorded_event& event) {
    const auto message =
        fmt::format("{} failed at position {} (stream {}, version {}, type {}): {}", who, event.position.value,
                    event.stream, event.version.value, event.type, message_of_exception());
    try {
        throw;
    } catch (const error& failure) {
        std::throw_with_nested(error{failure.kind(), message, failure.engine_code()});
    } catch (...) {
        std::throw_with_nested(error{error_kind::invalid_argument, message});
    }
}

}  // namespace stele::detail
