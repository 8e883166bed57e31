#include "bank/import/reconciliation.hpp"

#include "bank/domain/account.hpp"

#include <stele/codec/codec.hpp>
#include <stele/eventstore/event_store.hpp>

#include <fmt/format.h>

#include <concepts>
#include <string_view>
#include <unordered_map>
#include <unordered_set>

namespace bank {
namespace {

// The balance of an account after one transaction, replayed from its events.
struct replayed_transaction {
    money balance = 0;
    bool rounded = false;
};

using replayed_balances = std::unordered_map<std::string, replayed_transaction>;

// The key of a transaction. The bank's id alone would not notice a booking on the wrong account.
std::string key(std::string_view account, std::string_view transaction) {
    return fmt::format("{}/{}", account, transaction);
}

replayed_balances replay(stele::event_store& store) {
    replayed_balances after;
    std::unordered_map<std::string, money> balance_of;
    stele::decode_each<account>(store.read_all({.filter = {.categories = {account::category}}}),
                                stele::overload(
                                    [&]<moves_money Event>(const Event& event, const stele::recorded_event& at) {
                                        const auto number = stele::instance_id_of(at.stream);
                                        auto& balance = balance_of[std::string(number)];
                                        balance = total(balance, change_of(event));
                                        auto& transaction = after[key(number, event.booking().transaction())];
                                        transaction.balance = balance;
                                        transaction.rounded |= std::same_as<Event, RoundingPosted>;
                                    },
                                    [](const auto&, const stele::recorded_event&) {}));
    return after;
}

}  // namespace

std::string reconciliation::str() const {
    // Programs search for this line, so its words do not depend on the counts.
    return fmt::format("reconciled {} of {} transactions on {} accounts: {} exact, {} rounded, {} mismatched",
                       reconciled(), transactions(), accounts, exact, rounded, mismatched.size());
}

reconciliation reconcile(stele::event_store& store, const statement_file& file) {
    const auto after = replay(store);
    reconciliation result;
    std::unordered_set<std::string_view> accounts;
    for (const auto& row : file.rows) {
        accounts.insert(row.account);
        const auto found = after.find(key(row.account, row.transaction));
        if (found == after.end())
            result.mismatched.push_back({row, std::nullopt});
        else if (found->second.balance != row.balance)
            result.mismatched.push_back({row, found->second.balance});
        else
            ++(found->second.rounded ? result.rounded : result.exact);
    }
    result.accounts = accounts.size();
    return result;
}

}  // namespace bank
