#pragma once

#include <stele/eventstore/error.hpp>

#include <doctest/doctest.h>

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

}  // namespace testing
