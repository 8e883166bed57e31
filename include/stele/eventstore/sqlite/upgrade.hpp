#pragma once

#include <cstdint>
#include <string_view>

namespace stele::inline v0 {

/// What sqlite_store::open() does with a store of an earlier file format.
enum class upgrade : std::uint8_t {
    /// Upgrades it, and keeps the old file as FILE.format-1; see docs/operations.md. The default.
    when_needed,
    /// Leaves it as it is and throws needs_upgrade.
    never,
};

/// What an upgrade goes through, in this order.
enum class upgrade_phase : std::uint8_t {
    check,    ///< The old file is read whole and compared with itself; `total` counts comparisons.
    copy,     ///< What is no event is copied, inline projections for example; `total` counts tables.
    convert,  ///< Events are written to the new file; `total` counts them, as in the phases after it.
    index,    ///< Their streams and ids are indexed.
    hash,     ///< The hash tree over them is made.
    verify,   ///< The new file is compared with the old one, event by event.
};

/// Returns the enumerator's own name, for example "convert".
std::string_view to_string(upgrade_phase phase) noexcept;

/// How far an upgrade is.
struct upgrade_progress {
    /// What is done now.
    upgrade_phase phase = upgrade_phase::check;
    /// How much of the phase is done.
    std::uint64_t done = 0;
    /// Of how much. 0 in a phase that has nothing to do.
    std::uint64_t total = 0;
};

}  // namespace stele::inline v0
