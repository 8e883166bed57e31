#pragma once

#include <cstdint>

namespace stele::inline v0 {

/// As what a message is stored.
enum class stored_as : std::uint8_t {
    event,     ///< In a stream.
    command,   ///< In the journal of a process: it waits for its deadline there, or was rejected.
    snapshot,  ///< The state of an aggregate or of a projection in memory.
};

}  // namespace stele::inline v0
