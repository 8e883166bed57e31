#include "bank/statement.hpp"

#include "bank/account_history.hpp"
#include "bank/calendar.hpp"
#include "bank/ledger.hpp"
#include "bank/money.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <map>

namespace bank {
namespace {

std::vector<history_entry> known_history(stele::event_store& store, std::string_view account) {
    auto history = history_of(store, account);
    if (history.empty()) throw refusal(fmt::format("there is no account {}", account));
    return history;
}

// The amount of an event that moves money; nothing for one that does not.
std::string amount_text(const history_entry& entry) {
    if (entry.transaction.empty()) return "";
    return (entry.change > 0 ? "+" : "") + format_money(entry.change);
}

// The end of the entries that count on or before the day.
auto end_of(const std::vector<history_entry>& history, std::string_view day) {
    return std::ranges::upper_bound(history, day, {}, [](const auto& entry) { return std::string_view(entry.date); });
}

}  // namespace

std::string statement_of(stele::event_store& store, std::string_view account, const period& days, const ink& ink) {
    if (!days.to.empty() && days.to < days.from)
        throw refusal(fmt::format("the period from {} to {} ends before it begins", days.from, days.to));
    const auto history = known_history(store, account);
    const auto begin = std::ranges::lower_bound(history, days.from, {}, &history_entry::date);
    const auto end = days.to.empty() ? history.end() : end_of(history, days.to);

    money balance = begin == history.begin() ? 0 : std::prev(begin)->balance;
    money credited = 0;
    money debited = 0;
    table lines("lllrr");
    lines.add({"date", "kind", "transaction", "amount", "balance"}, table::shade::dim);
    lines.add({days.from, "balance before", "", "", format_money(balance)}, table::shade::dim);
    for (const auto& entry : std::ranges::subrange(begin, end)) {
        balance = entry.balance;
        auto& sum = entry.change > 0 ? credited : debited;
        sum = total(sum, entry.change);
        lines.add({entry.date, entry.kind, entry.transaction, amount_text(entry), format_money(balance)});
    }
    lines.add({days.to, "balance after", "", "", format_money(balance)}, table::shade::bold);
    return fmt::format("account {}: statement\n\n{}\n  credited {}, debited {}\n", account, lines.str(ink),
                       format_money(credited), format_money(debited));
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
        lines.add({entry.date, entry.kind, entry.transaction, amount_text(entry), format_money(entry.balance),
                   format_count(entry.version.value), day_of(entry.recorded_at)});
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
    return fmt::format("account {}: audit as of {}, from {} of its {} events\n\n{}\n{}", account, as_of,
                       end - history.begin(), history.size(), lines.str(ink), made_of.str(ink));
}

}  // namespace bank
