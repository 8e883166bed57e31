#include <stele/eventstore/detail/failures.hpp>
#include <stele/eventstore/format.hpp>

#include <new>

namespace stele::inline v0::detail {

std::string message_of(const std::exception_ptr& failure) {
    try {
        std::rethrow_exception(failure);
    } catch (const std::exception& e) {
        return e.what();
    } catch (...) {
        return "an exception that is not a std::exception";
    }
}

std::string message_without_fail(const std::exception_ptr& failure) noexcept {
    try {
        return message_of(failure);
    } catch (...) {
        return "out of memory";  // so short that it needs none
    }
}

std::optional<error_kind> kind_of(const std::exception_ptr& failure) {
    try {
        std::rethrow_exception(failure);
    } catch (const error& e) {
        return e.kind();
    } catch (...) {
        return std::nullopt;
    }
}

namespace {

// An exception by itself, whatever it holds.
bool may_be_of_the_event(const std::exception_ptr& failure) {
    try {
        std::rethrow_exception(failure);
    } catch (const error& e) {
        return e.kind() == error_kind::handler_failed || e.kind() == error_kind::invalid_argument ||
               e.kind() == error_kind::undecodable;
    } catch (const std::bad_alloc&) {
        return false;
    } catch (...) {
        return true;
    }
}

// What an exception holds (std::throw_with_nested); null if nothing.
std::exception_ptr nested_in(const std::exception_ptr& failure) {
    try {
        std::rethrow_exception(failure);
    } catch (const std::nested_exception& outer) {
        return outer.nested_ptr();
    } catch (...) {
        return nullptr;
    }
}

}  // namespace

bool is_of_the_event(const std::exception_ptr& failure) {
    for (auto each = failure; each; each = nested_in(each))
        if (!may_be_of_the_event(each)) return false;
    return true;
}

bool is_refused(const std::exception_ptr& failure) {
    const auto kind = kind_of(failure);
    return kind && kind != error_kind::handler_failed && is_of_the_event(failure);
}

void rethrow_of_handler() {
    try {
        throw;
    } catch (const error& failure) {
        if (!is_refused(std::current_exception())) throw;
        std::throw_with_nested(error{error_kind::handler_failed, failure.what(), failure.engine_code()});
    }
}

void throw_with(std::string_view context) {
    try {
        throw;
    } catch (const std::bad_alloc&) {
        throw;
    } catch (...) {
        // Every other one gets the context.
    }
    const auto message = fmt::format("{}: {}", context, message_of(std::current_exception()));
    try {
        throw;
    } catch (const error& failure) {
        std::throw_with_nested(error{failure.kind(), message, failure.engine_code()});
    } catch (...) {
        std::throw_with_nested(error{error_kind::handler_failed, message});
    }
}

void throw_failed_at(std::string_view who, const recorded_event& event) {
    throw_with(fmt::format("{} failed at position {} (stream {}, version {}, type {})", who, event.position,
                           event.stream, event.version, event.type));
}

void throw_any(const std::vector<std::exception_ptr>& failures, std::string_view who) {
    if (failures.empty()) return;
    try {
        std::rethrow_exception(failures.front());
    } catch (const error& first) {
        if (failures.size() == 1) throw;
        std::string message = fmt::format("{} {} failed", failures.size(), who);
        for (const auto& failure : failures) message += "\n" + message_of(failure);
        throw error{first.kind(), message, first.engine_code()};
    }
}

}  // namespace stele::inline v0::detail
