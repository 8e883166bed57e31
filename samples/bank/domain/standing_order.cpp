#include "bank/domain/standing_order.hpp"

#include "bank/domain/transfer.hpp"

#include <stele/codec/make.hpp>

namespace bank {
namespace {

std::optional<stele::rejection> not_in_force(const standing_order& order) {
    if (!order.placed) return stele::reject("no_such_standing_order", "there is no such standing order");
    if (order.cancelled) return stele::reject("standing_order_cancelled", "the standing order is cancelled");
    return std::nullopt;
}

}  // namespace

standing_order::decision standing_order::decide(const PlaceStandingOrder& command) const {
    if (placed) return stele::reject("standing_order_known", "there already is a standing order of this name");
    if (auto bad = bad_transfer(command.source(), command.target(), command.amount(), command.first_date()))
        return *bad;
    return stele::accept(stele::make_from<StandingOrderPlaced>(command));
}

standing_order::decision standing_order::decide(const ExecuteStandingOrder& command) const {
    if (auto no = not_in_force(*this)) return *no;
    return stele::accept(stele::make_from<StandingOrderExecuted>(command));
}

standing_order::decision standing_order::decide(const CancelStandingOrder&) const {
    if (auto no = not_in_force(*this)) return *no;
    return stele::accept(StandingOrderCancelled{});
}

}  // namespace bank
