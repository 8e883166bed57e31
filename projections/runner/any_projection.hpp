#pragma once

#include "projections/runner/progress_board.hpp"

#include <stele/eventstore/version.hpp>

#include <cstdint>
#include <string_view>

namespace stele::inline v0::detail {

/// What a step came to.
enum class step_outcome : std::uint8_t {
    more,       ///< There is more to apply.
    at_target,  ///< Every event up to the target is in the read model.
    busy,       ///< Another thread works on the projection, or it waits for another one; nothing was done.
};

/// A projection of any kind, as a runner sees it. Any thread may call anything.
class any_projection {
public:
    any_projection() = default;
    any_projection(const any_projection&) = delete;
    any_projection& operator=(const any_projection&) = delete;
    virtual ~any_projection() = default;

    [[nodiscard]] virtual std::string_view name() const noexcept = 0;
    [[nodiscard]] virtual progress_board& board() noexcept = 0;

    /// Applies the events up to `target`. Throws as projection_runner::catch_up().
    virtual void catch_up(position target) = 0;
    /// Applies one batch of them. Throws as catch_up().
    virtual step_outcome step(position target) = 0;
    /// Releases what step() has begun beside its batches, for another one to resume: it will not be called soon.
    virtual void leave() noexcept {}
};

}  // namespace stele::inline v0::detail
