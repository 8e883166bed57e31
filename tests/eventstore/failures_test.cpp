// How an exception gets its context on the way to the caller.

#include <stele/eventstore/detail/failures.hpp>

#include <doctest/doctest.h>

#include <exception>
#include <new>
#include <stdexcept>
#include <string>

using stele::error;
using stele::error_kind;

namespace {

struct not_an_exception {};

// What throw_with() makes of an exception.
template <class Exception>
error with_context(const Exception& thrown) {
    try {
        try {
            throw thrown;
        } catch (...) {
            stele::detail::throw_with("projection balances");
        }
    } catch (const error& failure) {
        CHECK_THROWS_AS(std::rethrow_if_nested(failure), Exception);
        return failure;
    }
}

}  // namespace

TEST_CASE("an exception of a handler becomes handler_failed and stays inside") {
    const auto failure = with_context(std::runtime_error("division by zero"));
    CHECK(failure.kind() == error_kind::handler_failed);
    CHECK(failure.what() == std::string("projection balances: division by zero"));
    CHECK(to_string(failure.kind()) == "handler_failed");
}

TEST_CASE("a failure is that of the event only if nothing in it is of the machine or the store") {
    const auto is_of_the_event = [](const auto& raise) {
        try {
            raise();
        } catch (...) {
            return stele::detail::is_of_the_event(std::current_exception());
        }
        FAIL("nothing was thrown");
        return false;
    };
    const auto nested = [](const auto& inner, const auto& outer) {
        return [=] {
            try {
                inner();
            } catch (...) {
                std::throw_with_nested(outer);
            }
        };
    };
    const auto bad_event = [] { throw std::runtime_error("division by zero"); };
    const auto no_memory = [] { throw std::bad_alloc{}; };
    const std::runtime_error of_handler{"cannot"};
    const error failed{error_kind::handler_failed, "failed"};
    for (int kind = 0; kind <= static_cast<int>(error_kind::handler_failed); ++kind) {
        const auto of_kind = static_cast<error_kind>(kind);
        CAPTURE(to_string(of_kind));
        const bool expected = of_kind == error_kind::handler_failed || of_kind == error_kind::invalid_argument ||
                              of_kind == error_kind::undecodable;
        const auto raise = [&] { throw error{of_kind, "of the store"}; };
        CHECK(is_of_the_event(raise) == expected);
        CHECK(is_of_the_event(nested(raise, of_handler)) == expected);
        CHECK(is_of_the_event(nested(nested(raise, failed), not_an_exception{})) == expected);
    }
    CHECK(is_of_the_event(bad_event));
    CHECK(is_of_the_event([] { throw not_an_exception{}; }));
    CHECK(is_of_the_event(nested(bad_event, of_handler)));
    CHECK(is_of_the_event([&] { std::throw_with_nested(of_handler); }));  // with nothing in it
    CHECK_FALSE(is_of_the_event(no_memory));
    CHECK_FALSE(is_of_the_event(nested(no_memory, of_handler)));
    CHECK_FALSE(is_of_the_event(nested(no_memory, failed)));
    CHECK_FALSE(is_of_the_event(nested(nested(no_memory, of_handler), failed)));
}

TEST_CASE("so does something thrown that is no std::exception") {
    const auto failure = with_context(not_an_exception{});
    CHECK(failure.kind() == error_kind::handler_failed);
    CHECK(failure.what() == std::string("projection balances: an exception that is not a std::exception"));
}

TEST_CASE("a stele::error keeps its kind and the code of the engine") {
    const auto failure = with_context(error(error_kind::full, "disk full", 13));
    CHECK(failure.kind() == error_kind::full);
    CHECK(failure.engine_code() == 13);
    CHECK(failure.what() == std::string("projection balances: disk full"));
}
