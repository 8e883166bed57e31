// How an exception gets its context on the way to the caller.

#include <stele/eventstore/detail/failures.hpp>

#include <doctest/doctest.h>

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
