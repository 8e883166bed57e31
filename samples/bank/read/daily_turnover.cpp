#include "bank/read/daily_turnover.hpp"

#include <algorithm>

namespace bank {

void daily_turnover::create(stele::read_model& db) {
    // STRICT, so that a sum that does not fit is an error. Other tables would silently store a rounded number.
    db.execute(R"(CREATE TABLE daily_turnover (
        date         TEXT    PRIMARY KEY,
        transactions INTEGER NOT NULL DEFAULT 0,
        credited     INTEGER NOT NULL DEFAULT 0,
        debited      INTEGER NOT NULL DEFAULT 0,
        rounded      INTEGER NOT NULL DEFAULT 0
    ) STRICT, WITHOUT ROWID)");
}

void daily_turnover::book(const Booking& booking, money change, stele::read_model& db) {
    db.execute(
        "INSERT INTO daily_turnover (date, transactions, credited, debited) VALUES (?1, 1, ?2, ?3) "
        "ON CONFLICT DO UPDATE SET transactions = transactions + 1, credited = credited + ?2, "
        "debited = debited + ?3",
        booking.date(), std::max<money>(change, 0), std::min<money>(change, 0));
}

void daily_turnover::project(const RoundingPosted& event, const stele::recorded_event&, stele::read_model& db) {
    db.execute(
        "INSERT INTO daily_turnover (date, rounded) VALUES (?1, ?2) "
        "ON CONFLICT DO UPDATE SET rounded = rounded + ?2",
        event.booking().date(), event.amount());
}

std::vector<month_turnover> turnover_by_month(stele::read_model& db) {
    std::vector<month_turnover> months;
    for (auto&& month : db.query<std::string, std::uint64_t, money, money, money>(
             "SELECT substr(date, 1, 7) AS month, sum(transactions), sum(credited), sum(debited), sum(rounded) "
             "FROM daily_turnover GROUP BY month ORDER BY month"))
        months.push_back(std::make_from_tuple<month_turnover>(std::move(month)));
    return months;
}

}  // namespace bank
