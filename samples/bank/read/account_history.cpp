#include "bank/read/account_history.hpp"

#include "bank/domain/account.hpp"

#include <stele/codec/codec.hpp>

#include <algorithm>
#include <tuple>

namespace bank {

std::vector<history_entry> history_of(stele::event_store& store, std::string_view account_number) {
    std::vector<history_entry> history;
    const auto add = [&](const stele::recorded_event& at, std::string date, std::string transaction, std::string kind,
                         money change) {
        history.push_back({.date = std::move(date),
                           .transaction = std::move(transaction),
                           .kind = std::move(kind),
                           .change = change,
                           .version = at.version,
                           .recorded_at = at.recorded_at});
    };
    const auto moved = [&](const auto& event, const stele::recorded_event& at, std::string kind) {
        add(at, event.booking().date(), event.booking().transaction(), std::move(kind), change_of(event));
    };
    stele::decode_each<account>(
        store.read_stream(stele::stream_id(account::category, account_number)),
        stele::overload(
            [&](const AccountOpenedV2& e, const stele::recorded_event& at) {
                add(at, e.date(), "", "account_opened", 0);
            },
            [&](const AccountClosed& e, const stele::recorded_event& at) {
                add(at, e.date(), "", "account_closed", 0);
            },
            [&](const AccountFrozen& e, const stele::recorded_event& at) {
                add(at, e.date(), "", "account_frozen", 0);
            },
            [&](const AccountUnfrozen& e, const stele::recorded_event& at) {
                add(at, e.date(), "", "account_unfrozen", 0);
            },
            [&](const RoundingPosted& e, const stele::recorded_event& at) { moved(e, at, "rounding"); },
            [&](const moves_money auto& e, const stele::recorded_event& at) { moved(e, at, e.booking().kind()); }));

    // An event that was recorded late belongs to its own day.
    std::ranges::sort(history, {}, [](const history_entry& entry) { return std::tie(entry.date, entry.version); });
    money balance = 0;
    for (auto& entry : history) entry.balance = balance = total(balance, entry.change);
    return history;
}

}  // namespace bank
