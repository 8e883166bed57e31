#pragma once

#include <sys/types.h>

#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>

namespace stele::inline v0::detail {

/// Tells whether a name in a directory may mean another file than it did: one question to the kernel before and after
/// each commit, where there would be one for each file.
///
/// The time of a directory changes with every name that is made, removed or renamed in it. Two things make it doubtful,
/// and then the names have to be looked at: a change of which the time is that of the last tick of the kernel's clock,
/// so that another one in the same tick leaves it as it is; and that a tenth of a second has passed, for the sake of
/// mounts, which change no time, and of file systems that keep none. One thread at a time.
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
