#include "bank/domain/transfer.hpp"

#include "bank/domain/calendar.hpp"

#include <stele/codec/make.hpp>

namespace bank {

std::optional<stele::rejection> bad_transfer(std::string_view source, std::string_view target, money amount,
                                             std::string_view date) {
    if (amount <= 0)
        return stele::reject("amount_not_positive", "the amount is {}, it must be positive", format_money(amount));
    if (source == target) return stele::reject("same_account", "from account {} to itself", source);
    if (!is_date(date)) return stele::reject("invalid_date", "\"{}\" is not a date (YYYY-MM-DD)", date);
    return std::nullopt;
}

namespace {

// The date is not compared: whoever got no answer may repeat the request on the next day.
bool equal(const TransferRequested& a, const TransferRequested& b) {
    return a.source() == b.source() && a.target() == b.target() && a.amount() == b.amount();
}

stele::rejection not_under_way() {
    return stele::reject("transfer_not_under_way", "the transfer has ended, or there is no such transfer");
}

}  // namespace

transfer::decision transfer::decide(const RequestTransfer& command) const {
    if (auto bad = bad_transfer(command.source(), command.target(), command.amount(), command.date())) return *bad;
    const auto event = stele::make_from<TransferRequested>(command);
    if (status == phase::unknown) return stele::accept(event);
    // A repeated request changes nothing.
    if (equal(event, request)) return stele::no_change();
    return stele::reject("transfer_known", "there already is a transfer of this name with other data");
}

transfer::decision transfer::decide(const CompleteTransfer&) const {
    if (status != phase::under_way) return not_under_way();
    return stele::accept(TransferCompleted{});
}

transfer::decision transfer::decide(const FailTransfer& command) const {
    if (status != phase::under_way) return not_under_way();
    return stele::accept(stele::make_from<TransferFailed>(command));
}

}  // namespace bank
