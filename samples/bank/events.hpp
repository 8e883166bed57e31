#pragma once

#include "bank/bank.pb.h"
#include "bank/money.hpp"

#include <boost/hana/tuple.hpp>
#include <boost/hana/type.hpp>

namespace bank {

namespace hana = boost::hana;

/// Everything that can happen to an account.
inline constexpr auto account_events = hana::tuple_t<AccountOpened, MoneyDeposited, MoneyWithdrawn, InterestPaid,
                                                     InterestCharged, FeeCharged, RoundingPosted, AccountClosed>;

/// By how much an event changes the balance of its account.
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
