#pragma once

#include <string_view>

namespace stele::inline v0::detail {

/// Marks that this thread runs a handler of `owner` (a runner, a subscription, a projection) for as long as it lives:
/// there, what waits for the owner would wait for itself. Scopes nest and end in reverse order.
class handler_scope {
public:
    explicit handler_scope(const void* owner) noexcept;
    handler_scope(const handler_scope&) = delete;
    handler_scope& operator=(const handler_scope&) = delete;
    ~handler_scope();

    /// Whether this thread runs a handler of `owner`.
    [[nodiscard]] static bool is_inside(const void* owner) noexcept;

private:
    const void* owner_;
    const handler_scope* outer_;
};

/// Throws stele::error (invalid_argument) if this thread runs a handler of `owner`. `call` is what was called, and
/// `whose` what the handler belongs to: "this runner".
void expect_outside_handlers(const void* owner, std::string_view call, std::string_view whose);

}  // namespace stele::inline v0::detail
