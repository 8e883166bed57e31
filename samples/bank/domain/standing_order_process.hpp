#pragma once

#include "bank/domain/events.hpp"

#include <stele/eventstore/stream.hpp>
#include <stele/processes/process_manager.hpp>

#include <string>

namespace bank {

/// Executes a standing order on each of its days: sets a deadline for the next day; when that is due, requests the
/// transfer and sets the next deadline. Days on which no program ran are caught up, each by a transfer of its own.
struct standing_order_process {
    static constexpr auto name = "standing_order_process";
    static constexpr auto events = hana::tuple_t<StandingOrderPlaced, StandingOrderExecuted, StandingOrderCancelled>;
    static constexpr auto starts = hana::tuple_t<StandingOrderPlaced>;
    static constexpr auto commands = hana::tuple_t<ExecuteStandingOrder, RequestTransfer>;
    using reaction = stele::reaction<standing_order_process>;

    static std::string instance_id(const auto&, const stele::recorded_event& at) {
        return std::string(stele::instance_id_of(at.stream));
    }

    // The state.
    std::string order;
    StandingOrderPlaced terms;
    int executed = 0;  // how many times

    void evolve(const StandingOrderPlaced& event, const stele::recorded_event& at) {
        order = stele::instance_id_of(at.stream);
        terms = event;
    }
    void evolve(const StandingOrderExecuted&) { ++executed; }
    void evolve(const auto&) {}

    [[nodiscard]] reaction react(const StandingOrderPlaced& event) const;
    [[nodiscard]] reaction react(const StandingOrderExecuted& event) const;
    [[nodiscard]] reaction react(const StandingOrderCancelled&) const { return reaction{}.end(); }
    /// The order was cancelled just before.
    [[nodiscard]] reaction react(const stele::rejected<ExecuteStandingOrder>&) const { return {}; }
    /// Another transfer already has this name. The one of the next month has its own.
    [[nodiscard]] reaction react(const stele::rejected<RequestTransfer>&) const { return {}; }

private:
    void execute_next(reaction& answer) const;
};

}  // namespace bank
