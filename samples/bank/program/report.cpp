#include "bank/program/report.hpp"

#include "bank/domain/money.hpp"
#include "bank/read/balances.hpp"
#include "bank/read/daily_turnover.hpp"
#include "bank/read/overdrawn.hpp"

#include <fmt/format.h>

#include <algorithm>

namespace bank {
namespace {

constexpr std::size_t rows_shown = 5;

std::string largest_part(ledger& ledger, const ink& ink) {
    table lines("lrl");
    for (const auto& account : largest_balances(ledger.balances(), rows_shown))
        lines.add({account.account, format_money(account.balance), "open since " + account.opened_on});
    return ink.bold("Largest balances") + "\n" + lines.str(ink);
}

std::string overdrawn_part(ledger& ledger, const ink& ink) {
    const auto count = overdrawn_count(ledger.overdrawn());
    if (count == 0) return ink.bold("No account is overdrawn") + "\n";
    table lines("lrll");
    for (const auto& account : overdrawn_accounts(ledger.overdrawn(), rows_shown)) {
        const bool beyond = account.balance < -account.overdraft_limit;
        lines.add(
            {account.account, format_money(account.balance), "since " + account.since,
             fmt::format("{} its limit of {}", beyond ? "beyond" : "within", format_money(account.overdraft_limit))});
    }
    const auto which = count > rows_shown ? ", the lowest first" : "";
    return ink.bold(fmt::format("Overdrawn accounts ({}{})", format_count(count), which)) + "\n" + lines.str(ink);
}

// All bars have the same scale, so that they can be compared.
std::string turnover_part(const std::vector<month_turnover>& months, const ink& ink) {
    constexpr std::size_t bar_width = 18;
    money largest = 1;
    for (const auto& month : months) largest = std::max({largest, month.credited, -month.debited});
    const auto bar_of = [&](money amount) {
        return bar(static_cast<double>(amount) / static_cast<double>(largest), bar_width);
    };

    table lines("lrlrlr");
    lines.add({"", "in", "", "out", "", "transactions"}, table::shade::dim);
    for (const auto& month : months)
        lines.add({month.month, format_money(month.credited), bar_of(month.credited), format_money(month.debited),
                   bar_of(-month.debited), format_count(month.transactions)});
    return ink.bold("Turnover by month") + "\n" + lines.str(ink);
}

}  // namespace

std::string balance_line(ledger& ledger, std::string_view account, const ink& ink) {
    const auto found = balance_of(ledger.balances(), account);
    if (!found) throw refusal(fmt::format("there is no account {}", account));
    const auto since = found->closed_on.empty() ? fmt::format("open since {}", found->opened_on)
                                                : fmt::format("closed on {}", found->closed_on);
    const auto frozen = found->frozen_on.empty() ? "" : fmt::format(", frozen since {}", found->frozen_on);
    return fmt::format("account {}: {}  (last booking {}, overdraft limit {}, {}{})\n", account,
                       ink.bold(format_money(found->balance)), found->booked_on, format_money(found->overdraft_limit),
                       since, frozen);
}

std::string report_of(ledger& ledger, const ink& ink) {
    const auto all = totals(ledger.balances());
    const auto who = counted(all.accounts, "account") + (all.accounts == 1 ? " holds" : " hold");
    return fmt::format("{} {} together\n\n{}\n{}\n{}", who, ink.bold(format_money(all.balance)),
                       largest_part(ledger, ink), overdrawn_part(ledger, ink),
                       turnover_part(turnover_by_month(ledger.daily_turnover()), ink));
}

}  // namespace bank
