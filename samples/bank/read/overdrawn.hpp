#pragma once

#include "bank/domain/events.hpp"
#include "bank/domain/money.hpp"

#include <stele/eventstore/event.hpp>
#include <stele/projections/sql/read_model.hpp>

#include <cstdint>
#include <string>
#include <vector>

namespace bank {

/// Which accounts are below zero, since when, and what their lowest balance was.
struct overdrawn {
    static constexpr auto name = "overdrawn";
    static constexpr int version = 1;
    static constexpr auto events =
        stele::upcast_by<upcasters>(hana::tuple_t<AccountOpenedV2, MoneyDeposited, MoneyWithdrawn, InterestPaid,
                                                  InterestCharged, FeeCharged, RoundingPosted>);

    static void create(stele::read_model& db);

    static void project(const AccountOpenedV2& event, const stele::recorded_event& at, stele::read_model& db);
    static void project(const moves_money auto& event, const stele::recorded_event& at, stele::read_model& db) {
        book(at, event.booking(), change_of(event), db);
    }

private:
    static void book(const stele::recorded_event& at, const Booking& booking, money change, stele::read_model& db);
};

struct overdrawn_account {
    std::string account;
    money balance = 0;
    money overdraft_limit = 0;
    std::string since;  ///< the day of the booking that took it below zero, in the order of recording
    money deepest = 0;  ///< the lowest balance since then
};

/// Which accounts are below zero? At most `limit` of them, the lowest balance first.
std::vector<overdrawn_account> overdrawn_accounts(stele::read_model& db, std::size_t limit);

/// How many accounts are below zero?
std::uint64_t overdrawn_count(stele::read_model& db);

}  // namespace bank
