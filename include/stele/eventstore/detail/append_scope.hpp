#pragma once

namespace stele::inline v0::detail {

/// Marks that this thread commits appends for as long as it lives, so that a handler which is called meanwhile (of an
/// inline projection) runs inside of them: what waits for an append there would wait for itself. It does not nest.
class append_scope {
public:
    append_scope() noexcept;
    append_scope(const append_scope&) = delete;
    append_scope& operator=(const append_scope&) = delete;
    ~append_scope();

    /// Whether this thread commits appends. A child of fork() commits for nobody.
    [[nodiscard]] static bool is_inside() noexcept;
};

/// Throws stele::error (invalid_argument) if this thread commits appends.
void expect_outside_appends();

}  // namespace stele::inline v0::detail
