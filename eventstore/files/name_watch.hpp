#pragma once

#include <sys/types.h>

#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>

namespace stele::inline v0::detail {

/// Tells whether a name in a directory may mean another file than it did. It asks the kernel one question, where a look
/// at each file would ask several.
///
/// A directory's time changes whenever a name in it is made, removed or renamed. That time has the precision of a tick
/// of the kernel's clock, so a directory that changed less than two ticks ago never counts as quiet: a second change in
/// the same tick would not show. Mounting over a file changes no time, and some file systems keep none, so nothing
/// counts as quiet for more than a tenth of a second after the names were looked at. One thread at a time.
class name_watch {
public:
    /// The directory of `file`, an absolute name.
    explicit name_watch(const std::filesystem::path& file) : directory_(file.parent_path().string()) {}

    /// Whether nothing can have changed since seen() was called.
    [[nodiscard]] bool is_quiet() const noexcept;
    /// Looks at the directory. Call it before the names are looked at, and seen() if they are as they were.
    void look() noexcept;
    /// The names are as they were when look() was called.
    void seen() noexcept { seen_ = looked_; }

private:
    struct state {
        dev_t device;
        ino_t number;
        std::int64_t seconds, nanoseconds;  // when a name was changed
        friend bool operator==(const state&, const state&) = default;
    };
    // Nothing where the directory's time says nothing.
    [[nodiscard]] std::optional<state> now() const noexcept;

    std::string directory_;
    std::int64_t looked_at_ = 0;  // in milliseconds, by a clock that never goes back
    std::optional<state> looked_, seen_;
};

}  // namespace stele::inline v0::detail
