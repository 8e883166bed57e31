#pragma once

#include <chrono>
#include <csignal>

namespace bank {

/// Ctrl-C (and SIGTERM) as something to wait for: as long as it lives, these end a wait and not the program. It is made
/// before any thread is, as threads take over from their maker that the signals are kept back.
class interruption {
public:
    interruption();
    interruption(const interruption&) = delete;
    interruption& operator=(const interruption&) = delete;
    ~interruption();

    /// Waits so long for it, and returns whether it came. For the thread that has made this.
    [[nodiscard]] bool wait_for(std::chrono::milliseconds time) const;

private:
    sigset_t signals_{};
    sigset_t kept_back_before_{};
};

}  // namespace bank
