#pragma once

#include <stele/eventstore/error.hpp>

#include <fmt/core.h>

#include <concepts>
#include <string>
#include <string_view>
#include <type_traits>
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

/// Says no: to a command in `decide` of an aggregate or a check of a middleware, to an append in a rule of an inline
/// projection. The text is a {fmt} format string, checked at compile time:
///
///     return stele::reject("insufficient_funds", "balance {}, asked {}", balance, command.amount());
///
/// Without arguments it may also be a text that is made at run time, which is taken as it is.
///
/// What may also be fine returns `std::optional<stele::rejection>`. A lambda must write that out,
/// `[](const DepositMoney& command) -> std::optional<stele::rejection> { … }`: the compiler derives no type from
/// `return stele::reject(…);` beside `return {};` or `return std::nullopt;`.
template <class... Args>
[[nodiscard]] rejection reject(std::string_view code, fmt::format_string<Args...> text, Args&&... args) {
    return {.code = std::string{code}, .message = fmt::vformat(text, fmt::make_format_args(args...))};
}
/// The same with a text that is not a literal: it is no format string, so braces stand for themselves.
template <class Text>
    requires(std::convertible_to<Text, std::string_view> && !std::is_array_v<std::remove_reference_t<Text>>)
[[nodiscard]] rejection reject(std::string_view code, Text&& text) {
    return {.code = std::string{code}, .message = std::string{std::string_view{std::forward<Text>(text)}}};
}

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
