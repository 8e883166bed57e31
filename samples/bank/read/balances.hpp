#pragma once

#include "bank/domain/events.hpp"
#include "bank/domain/money.hpp"

#include <stele/eventstore/event.hpp>
#include <stele/projections/sql/read_model.hpp>

#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace bank {

/// The current balance of each account.
struct balances {
    static constexpr auto name = "balances";
    static constexpr int version = 3;
    static constexpr auto events = account_events;

    static void create(stele::read_model& db);

    static void project(const AccountOpenedV2& event, const stele::recorded_event& at, stele::read_model& db);
    static void project(const moves_money auto& event, const stele::recorded_event& at, stele::read_model& db) {
        book(at, event.booking(), change_of(event), db);
    }
    static void project(const AccountClosed& event, const stele::recorded_event& at, stele::read_model& db);
    static void project(const AccountFrozen& event, const stele::recorded_event& at, stele::read_model& db);
    static void project(const AccountUnfrozen& event, const stele::recorded_event& at, stele::read_model& db);

private:
    static void book(const stele::recorded_event& at, const Booking& booking, money change, stele::read_model& db);
};

/// A row of the read model.
struct account_balance {
    std::string account;
    money balance = 0;
    money overdraft_limit = 0;
    std::string opened_on;
    std::string booked_on;  ///< the date of the latest booking; of the opening if there is none
    std::string closed_on;  ///< empty if it is open
    std::string frozen_on;  ///< empty if it is not frozen
};

/// What is the balance of this account? Nothing if there is no such account.
std::optional<account_balance> balance_of(stele::read_model& db, std::string_view account);

/// Which accounts hold most? At most `limit` of them, the largest first.
std::vector<account_balance> largest_balances(stele::read_model& db, std::size_t limit);

/// How many accounts are there, and how much do they hold together?
struct balance_totals {
    std::uint64_t accounts = 0;
    money balance = 0;
};
balance_totals totals(stele::read_model& db);

}  // namespace bank
