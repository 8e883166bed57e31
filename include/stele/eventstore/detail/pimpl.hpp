#pragma once

#include <stele/eventstore/detail/process_mark.hpp>

#include <utility>

namespace stele::inline v0::detail {

/// The pointer of a movable object to its state. To use it throws stele::error (closed) that names the object, if that
/// was moved from, or if its state has a process_mark named `process` and is inherited by a child of fork().
template <class Pointer>
class pimpl {
public:
    /// `owner` is the object, a literal: "this subscription".
    pimpl(const char* owner, Pointer state) : owner_(owner), state_(std::move(state)) {}

    auto& operator*() const {
        process_mark::expect_valid(state_ != nullptr, owner_);
        if constexpr (requires { state_->process.expect_own(owner_); }) state_->process.expect_own(owner_);
        return *state_;
    }
    auto* operator->() const { return &**this; }
    /// Keeps the state until the call that asks for it ends, also where a handler that the call runs destroys the
    /// object. Throws as operator*().
    [[nodiscard]] Pointer held() const {
        static_cast<void>(**this);
        return state_;
    }
    /// Null after a move.
    [[nodiscard]] auto* unchecked() const noexcept { return state_.get(); }
    explicit operator bool() const noexcept { return state_ != nullptr; }
    void reset() noexcept { state_.reset(); }
    /// Gives the state away, as after a move.
    [[nodiscard]] Pointer take() noexcept { return std::move(state_); }

private:
    const char* owner_;
    Pointer state_;
};

}  // namespace stele::inline v0::detail
