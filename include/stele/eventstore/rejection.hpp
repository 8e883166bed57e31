#pragma once

#include <stele/eventstore/error.hpp>

#include <string>
#include <utility>

namespace stele::inline v0 {

/// The business says no. A value for the caller to handle, not a fault.
struct rejection {
    /// Which rule said no, for programs: a short word of yours such as "insufficient_funds". Keep it stable.
    std::string code;
    /// Why, for people.
    std::string message;

    friend bool operator==(const rejection&, const rejection&) = default;
};

/// An append that a rule of an inline projection rejected; nothing of it is stored, and the store goes on. Thrown by
/// event_store::append. command_bus::send returns the rejection instead. Kind: `rejected`.
class append_rejected : public error {
public:
    /// `message` is what what() returns.
    append_rejected(const std::string& message, stele::rejection reason)
        : error(error_kind::rejected, message), reason_(std::move(reason)) {}

    /// What the rule said. Lives as long as the exception.
    [[nodiscard]] const stele::rejection& rejection() const& noexcept { return reason_; }
    const stele::rejection& rejection() const&& = delete;

private:
    stele::rejection reason_;
};

}  // namespace stele::inline v0
