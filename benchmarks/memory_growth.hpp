#pragma once

#include <cstdint>

namespace bench {

/// How much more memory the process takes since this was made, as the kernel sees it.
class memory_growth {
public:
    /// Gives back freed memory, so that what is allocated from now on is seen.
    memory_growth();

    /// The most that there was at any time; never zero, which is no figure.
    [[nodiscard]] double peak_mib() const;

private:
    std::uint64_t before_kib_;
};

}  // namespace bench
