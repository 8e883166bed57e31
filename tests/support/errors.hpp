#pragma once

#include <stele/eventstore/error.hpp>

#include <doctest/doctest.h>

#include <cstdint>
#include <functional>
#include <string>
#include <string_view>

namespace testing {

struct caught {
    stele::error_kind kind{};
    std::string message;
    [[nodiscard]] bool says(std::string_view text) const { return message.find(text) != std::string::npos; }
};

/// The error that `action` throws. Fails the test if it throws none.
inline caught error_of(const std::function<void()>& action) {
    try {
        action();
    } catch (const stele::error& failure) {
        return {failure.kind(), failure.what()};
    }
    FAIL("nothing was thrown");
    return {};
}

/// Expects that `read` says which event is not the one that was appended.
inline void expect_changed_event(std::uint64_t position, const std::function<void()>& read) {
    const auto refused = error_of(read);
    CHECK(refused.kind == stele::error_kind::corrupt);
    CHECK_MESSAGE(
        refused.says("the event at position " + std::to_string(position) + " is not the one that was appended"),
        refused.message);
}

}  // namespace testing
