#include "bank/read/account_statement.hpp"

#include <stele/eventstore/stream.hpp>

#include <tuple>

namespace bank {

void account_statement::create(stele::read_model& db) {
    // STRICT, so that a sum that does not fit is an error. Other tables would silently store a rounded number.
    db.execute(R"(CREATE TABLE statement (
        account     TEXT    NOT NULL,
        date        TEXT    NOT NULL,
        version     INTEGER NOT NULL,  -- of the event in its stream: the order of recording
        kind        TEXT    NOT NULL,
        booking     TEXT    NOT NULL,
        change      INTEGER NOT NULL,
        balance     INTEGER NOT NULL,
        PRIMARY KEY (account, date, version)
    ) STRICT, WITHOUT ROWID)");
}

void account_statement::project(const AccountOpenedV2& event, const stele::recorded_event& at, stele::read_model& db) {
    add(at, event.date(), "", "account_opened", 0, db);
}
void account_statement::project(const AccountClosed& event, const stele::recorded_event& at, stele::read_model& db) {
    add(at, event.date(), "", "account_closed", 0, db);
}
void account_statement::project(const AccountFrozen& event, const stele::recorded_event& at, stele::read_model& db) {
    add(at, event.date(), "", "account_frozen", 0, db);
}
void account_statement::project(const AccountUnfrozen& event, const stele::recorded_event& at, stele::read_model& db) {
    add(at, event.date(), "", "account_unfrozen", 0, db);
}
void account_statement::project(const RoundingPosted& event, const stele::recorded_event& at, stele::read_model& db) {
    add(at, event.booking().date(), event.booking().transaction(), "rounding", event.amount(), db);
}

void account_statement::add(const stele::recorded_event& at, std::string_view date, std::string_view transaction,
                            std::string_view kind, money change, stele::read_model& db) {
    const auto account = stele::instance_id_of(at.stream);
    db.execute(
        "INSERT INTO statement VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?6 + coalesce((SELECT balance FROM statement "
        "WHERE account = ?1 AND (date, version) < (?2, ?3) ORDER BY date DESC, version DESC LIMIT 1), 0))",
        account, date, at.version.value, kind, transaction, change);
    // An event that is recorded late changes every balance after its day.
    if (change != 0)
        db.execute("UPDATE statement SET balance = balance + ?4 WHERE account = ?1 AND (date, version) > (?2, ?3)",
                   account, date, at.version.value, change);
}

namespace {

// An empty first day needs no test of its own, because it sorts before all days; an empty last day does.
constexpr auto in_period = "account = ?1 AND date >= ?2 AND (?3 = '' OR date <= ?3)";

}  // namespace

std::vector<statement_line> statement_lines(stele::read_model& db, std::string_view account, const period& days,
                                            const page& page) {
    static const auto sql = std::string("SELECT date, kind, booking, change, balance FROM statement WHERE ") +
                            in_period + " ORDER BY date, version LIMIT ?4 OFFSET ?5";
    std::vector<statement_line> lines;
    for (auto&& line : db.query<std::string, std::string, std::string, money, money>(
             sql, account, days.from, days.to, page.size, (page.number - 1) * page.size))
        lines.push_back(std::make_from_tuple<statement_line>(std::move(line)));
    return lines;
}

statement_sums sums_of(stele::read_model& db, std::string_view account, const period& days) {
    static const auto sql = std::string(
                                "SELECT count(*), coalesce(sum(max(change, 0)), 0), "
                                "coalesce(sum(min(change, 0)), 0) FROM statement WHERE ") +
                            in_period;
    statement_sums sums;
    std::tie(sums.lines, sums.credited, sums.debited) =
        *db.query_one<std::uint64_t, money, money>(sql, account, days.from, days.to);
    if (const auto before = db.query_one<money>("SELECT balance FROM statement WHERE account = ?1 AND date < ?2 "
                                                "ORDER BY date DESC, version DESC LIMIT 1",
                                                account, days.from))
        sums.before = std::get<0>(*before);
    return sums;
}

bool has_statement(stele::read_model& db, std::string_view account) {
    return db.query_one<int>("SELECT 1 FROM statement WHERE account = ?1 LIMIT 1", account).has_value();
}

}  // namespace bank
