#pragma once

#include <string>

namespace stele::inline v0 {

/// The business says no. A value for the caller to handle, not a fault.
struct rejection {
    /// Which rule said no, for programs: a short word of yours such as "insufficient_funds". Keep it stable.
    std::string code;
    /// Why, for people.
    std::string message;

    friend bool operator==(const rejection&, const rejection&) = default;
};

}  // namespace stele::inline v0
