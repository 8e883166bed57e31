#pragma once

#include <stele/eventstore/error.hpp>

#include <stop_token>

namespace stele::inline v0::detail {

/// Thrown by a read that was stopped; see stop_scope.
class stopped final : public error {
public:
    stopped();
};

/// While it lives, a long read of this thread ends with `stopped` soon after `stop` is requested. For the library's own
/// threads; around a handler stands one with an empty token, because its reads are its own. Scopes nest and end in
/// reverse order.
class stop_scope {
public:
    explicit stop_scope(std::stop_token stop) noexcept;
    stop_scope(const stop_scope&) = delete;
    stop_scope& operator=(const stop_scope&) = delete;
    ~stop_scope();

    /// Throws `stopped` if the innermost scope of this thread has been stopped. Called by engines between the parts of
    /// a read.
    static void check();

private:
    std::stop_token stop_;
    const stop_scope* outer_;
};

}  // namespace stele::inline v0::detail
