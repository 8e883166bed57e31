#include "bank/program/statement_text.hpp"

#include "bank/domain/calendar.hpp"
#include "bank/domain/money.hpp"
#include "bank/read/account_history.hpp"
#include "bank/read/account_statement.hpp"
#include "bank/storage/bank_directory.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <map>

namespace bank {
namespace {

constexpr std::uint64_t page_lines = 25;

std::vector<history_entry> known_history(stele::event_store& store, std::string_view account) {
    auto history = history_of(store, account);
    if (history.empty()) throw refusal(fmt::format("there is no account {}", account));
    return history;
}

// The amount, or nothing for an event that moves no money.
std::string amount_text(std::string_view transaction, money change) {
    if (transaction.empty()) return "";
    return (change > 0 ? "+" : "") + format_money(change);
}

// The end of the entries up to this day, inclusive.
auto end_of(const std::vector<history_entry>& history, std::string_view day) {
    return std::ranges::upper_bound(history, day, {}, [](const auto& entry) { return std::string_view(entry.date); });
}

}  // namespace

std::string statement_of(stele::read_model& db, std::string_view account, const period& days, std::uint64_t page_number,
                         const ink& ink) {
    if (!days.to.empty() && days.to < days.from)
        throw refusal(fmt::format("the period from {} to {} ends before it begins", days.from, days.to));
    if (!has_statement(db, account)) throw refusal(fmt::format("there is no account {}", account));

    const auto sums = sums_of(db, account, days);
    const bool paged = page_number > 0;
    const auto pages = paged ? std::max<std::uint64_t>(1, (sums.lines + page_lines - 1) / page_lines) : 1;
    const auto number = paged ? page_number : 1;
    if (number > pages)
        throw refusal(fmt::format("there is no page {}: this statement of account {} has {}", number, account, pages));
    const auto on_page = statement_lines(db, account, days, paged ? page{number, page_lines} : page{});

    const auto before = on_page.empty() ? sums.before : on_page.front().balance - on_page.front().change;
    const auto after = on_page.empty() ? sums.before : on_page.back().balance;
    table lines("lllrr");
    lines.add({"date", "kind", "transaction", "amount", "balance"}, table::shade::dim);
    lines.add({number == 1 ? days.from : "", "balance before", "", "", format_money(before)}, table::shade::dim);
    for (const auto& line : on_page)
        lines.add({line.date, line.kind, line.transaction, amount_text(line.transaction, line.change),
                   format_money(line.balance)});
    lines.add({number == pages ? days.to : "", "balance after", "", "", format_money(after)}, table::shade::bold);
    return fmt::format("account {}: statement{}\n\n{}\n  credited {}, debited {}{}\n", account,
                       paged ? fmt::format(", page {} of {}", number, pages) : "", lines.str(ink),
                       format_money(sums.credited), format_money(sums.debited), pages > 1 ? " on all pages" : "");
}

std::string audit_of(stele::event_store& store, std::string_view account, std::string_view as_of, const ink& ink) {
    const auto history = known_history(store, account);
    const auto end = end_of(history, as_of);
    if (end == history.begin())
        throw refusal(
            fmt::format("there was no account {} on {}; it was opened on {}", account, as_of, history.front().date));

    struct sum {
        std::size_t events = 0;
        money amount = 0;
    };
    std::map<std::string, sum> sums;
    table lines("lllrrrl");
    lines.add({"booked", "kind", "transaction", "amount", "balance", "event", "recorded"}, table::shade::dim);
    for (const auto& entry : std::ranges::subrange(history.begin(), end)) {
        lines.add({entry.date, entry.kind, entry.transaction, amount_text(entry.transaction, entry.change),
                   format_money(entry.balance), format_count(entry.version.value), day_of(entry.recorded_at)});
        if (entry.transaction.empty()) continue;
        auto& [events, amount] = sums[entry.kind];
        ++events;
        amount = total(amount, entry.change);
    }

    const auto balance = std::prev(end)->balance;
    table made_of("lrr");
    made_of.add({"made of", "events", "amount"}, table::shade::dim);
    for (const auto& [kind, sum] : sums) made_of.add({kind, format_count(sum.events), format_money(sum.amount)});
    made_of.add({"balance on " + std::string(as_of), "", format_money(balance)}, table::shade::bold);
    return fmt::format("account {}: audit as of {}, from {} of its {}\n\n{}\n{}", account, as_of, end - history.begin(),
                       counted(history.size(), "event"), lines.str(ink), made_of.str(ink));
}

}  // namespace bank
