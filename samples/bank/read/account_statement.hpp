#pragma once

#include "bank/domain/events.hpp"
#include "bank/domain/money.hpp"

#include <stele/eventstore/event.hpp>
#include <stele/projections/sql/read_model.hpp>

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace bank {

/// The read model that holds the statement of each account: all that happened to it, in the order of the days on which
/// it counts and of recording within a day, each line with the balance after it.
struct account_statement {
    static constexpr auto name = "statement";  // people ask for it by this name: "bank rebuild statement"
    static constexpr int version = 1;
    static constexpr auto events = account_events;

    static void create(stele::read_model& db);

    static void project(const AccountOpenedV2& event, const stele::recorded_event& at, stele::read_model& db);
    static void project(const AccountClosed& event, const stele::recorded_event& at, stele::read_model& db);
    static void project(const AccountFrozen& event, const stele::recorded_event& at, stele::read_model& db);
    static void project(const AccountUnfrozen& event, const stele::recorded_event& at, stele::read_model& db);
    static void project(const RoundingPosted& event, const stele::recorded_event& at, stele::read_model& db);
    static void project(const moves_money auto& event, const stele::recorded_event& at, stele::read_model& db) {
        add(at, event.booking().date(), event.booking().transaction(), event.booking().kind(), change_of(event), db);
    }

private:
    static void add(const stele::recorded_event& at, std::string_view date, std::string_view transaction,
                    std::string_view kind, money change, stele::read_model& db);
};

/// The days of a statement, both inclusive. An empty text does not limit.
struct period {
    std::string from;
    std::string to;
};

/// Which lines of a period are wanted: the `number`-th `size` of them, counted from 1.
struct page {
    std::uint64_t number = 1;
    std::uint64_t size = 1'000'000'000;
};

struct statement_line {
    std::string date;
    std::string kind;
    std::string transaction;  ///< the bank's id; empty for what moves no money
    money change = 0;
    money balance = 0;  ///< after it
};

/// What was booked on an account in a period? One page of it, in order.
std::vector<statement_line> statement_lines(stele::read_model& db, std::string_view account, const period& days,
                                            const page& page = {});

/// What does a period come to?
struct statement_sums {
    std::uint64_t lines = 0;
    money before = 0;  ///< the balance
    money credited = 0;
    money debited = 0;  ///< negative
};
statement_sums sums_of(stele::read_model& db, std::string_view account, const period& days);

/// Is there such an account?
bool has_statement(stele::read_model& db, std::string_view account);

}  // namespace bank
