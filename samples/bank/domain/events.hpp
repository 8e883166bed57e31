#pragma once

#include "bank/domain/bank.pb.h"
#include "bank/domain/money.hpp"

#include <stele/codec/make.hpp>
#include <stele/codec/upcast.hpp>

#include <boost/hana/tuple.hpp>
#include <boost/hana/type.hpp>

namespace bank {

namespace hana = boost::hana;

/// How events of older types, which are stored but no longer written, become those of today.
struct upcasters {
    static constexpr auto outdated = hana::tuple_t<AccountOpened>;

    /// An overdraft limit could not express that an account must keep a minimum balance.
    static AccountOpenedV2 upcast(const AccountOpened& old) {
        return stele::make_from<AccountOpenedV2>(
            old, [&](auto& event) { event.set_lowest_balance(-old.overdraft_limit()); });
    }
};

/// Everything that can happen to an account.
inline constexpr auto account_events = stele::upcast_by<upcasters>(
    hana::tuple_t<AccountOpenedV2, MoneyDeposited, MoneyWithdrawn, InterestPaid, InterestCharged, FeeCharged,
                  RoundingPosted, AccountClosed, AccountFrozen, AccountUnfrozen>);

/// How much an event changes the balance of its account.
inline money change_of(const MoneyDeposited& event) {
    return event.amount();
}
inline money change_of(const MoneyWithdrawn& event) {
    return -event.amount();
}
inline money change_of(const InterestPaid& event) {
    return event.amount();
}
inline money change_of(const InterestCharged& event) {
    return -event.amount();
}
inline money change_of(const FeeCharged& event) {
    return -event.amount();
}
inline money change_of(const RoundingPosted& event) {
    return event.amount();
}

/// An event that moves money: it changes a balance, and says when and why in its booking.
template <class Event>
concept moves_money = requires(const Event& event) {
    change_of(event);
    event.booking();
};

}  // namespace bank
