#pragma once

#include <chrono>
#include <csignal>

namespace bank {

/// Ctrl-C (and SIGTERM) as something to wait for: while this object lives, the signals end a wait and not the program.
/// Create it before any thread, because threads inherit the blocked signals.
class interruption {
public:
    interruption();
    interruption(const interruption&) = delete;
    interruption& operator=(const interruption&) = delete;
    ~interruption();

    /// Waits for a signal, at most for `time`, and returns whether one came. Only for the thread that created this.
    [[nodiscard]] bool wait_for(std::chrono::milliseconds time) const;

private:
    sigset_t signals_{};
    sigset_t blocked_before_{};
};

}  // namespace bank
