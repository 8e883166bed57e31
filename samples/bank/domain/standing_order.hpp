#pragma once

#include "bank/domain/events.hpp"
#include "bank/domain/money.hpp"

#include <stele/aggregates/aggregate.hpp>

#include <string_view>

namespace bank {

/// A standing order: the same transfer every month until it is cancelled. standing_order_process executes it on its
/// days.
struct standing_order {
    static constexpr auto category = "standing_order";
    static constexpr auto events = hana::tuple_t<StandingOrderPlaced, StandingOrderExecuted, StandingOrderCancelled>;
    static constexpr auto commands = hana::tuple_t<PlaceStandingOrder, ExecuteStandingOrder, CancelStandingOrder>;
    static std::string_view instance_id(const auto& command) { return command.order(); }

    // The state.
    bool placed = false;
    bool cancelled = false;

    // What each event changes.
    void evolve(const StandingOrderPlaced&) { placed = true; }
    void evolve(const StandingOrderExecuted&) {}
    void evolve(const StandingOrderCancelled&) { cancelled = true; }

    // What each command leads to. The rules are in standing_order.cpp.
    using decision = stele::decision<standing_order>;
    [[nodiscard]] decision decide(const PlaceStandingOrder& command) const;
    [[nodiscard]] decision decide(const ExecuteStandingOrder& command) const;
    [[nodiscard]] decision decide(const CancelStandingOrder& command) const;
};

}  // namespace bank
