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

/// The statement of each account: one line for each of its events, in the order of their dates and within a day in the
/// order of recording, with the balance after it.
struct account_statement {
    static constexpr auto name = "statement";  // of its file; users type it: "bank rebuild statement"
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

/// The days of a statement, both inclusive. An empty text means no limit.
struct period {
    std::string from;
    std::string to;
};

/// One page of the lines of a period: `size` lines, pages counted from 1.
struct page {
    std::uint64_t number = 1;
    std::uint64_t size = 1'000'000'000;
};

struct statement_line {
    std::string date;
    std::string kind;
    std::string transaction;  ///< the bank's id; empty if the event moves no money
    money change = 0;
    money balance = 0;  ///< after the line
};

/// What was booked on an account in a period? Returns one page, in order.
std::vector<statement_line> statement_lines(stele::read_model& db, std::string_view account, const period& days,
                                            const page& page = {});

/// What do the lines of a period add up to?
struct statement_sums {
    std::uint64_t lines = 0;
    money before = 0;  ///< the balance before the period
    money credited = 0;
    money debited = 0;  ///< negative
};
statement_sums sums_of(stele::read_model& db, std::string_view account, const period& days);

/// Is there such an account?
bool has_statement(stele::read_model& db, std::string_view account);

}  // namespace bank
