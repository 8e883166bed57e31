#include "bank/domain/account.hpp"

#include "bank/domain/calendar.hpp"

#include <stele/codec/make.hpp>

namespace bank {

void account::evolve(const AccountOpenedV2& event) {
    status = phase::open;
    lowest_balance = event.lowest_balance();
    opened_on = event.date();
}

AccountSnapshot account::snapshot() const {
    AccountSnapshot saved;
    saved.set_phase(static_cast<AccountSnapshot::Phase>(status));
    saved.set_balance(balance);
    saved.set_lowest_balance(lowest_balance);
    saved.set_opened_on(opened_on);
    saved.set_frozen(frozen);
    return saved;
}

void account::restore(const AccountSnapshot& saved) {
    status = static_cast<phase>(saved.phase());
    balance = saved.balance();
    lowest_balance = saved.lowest_balance();
    opened_on = saved.opened_on();
    frozen = saved.frozen();
}

namespace {

using decision = account::decision;

// The rejection of every command for an account that is not open.
stele::rejection not_open(const account& state) {
    if (state.status == account::phase::closed) return stele::reject("account_closed", "the account is closed");
    return stele::reject("account_not_open", "there is no such account; open it first");
}

stele::rejection is_frozen() {
    return stele::reject("account_frozen", "the account is frozen");
}

// Why nothing can be booked on this day; nothing if it can.
std::optional<stele::rejection> bad_date(const account& state, const std::string& date) {
    if (!is_date(date)) return stele::reject("invalid_date", "\"{}\" is not a date (YYYY-MM-DD)", date);
    if (date < state.opened_on)
        return stele::reject("booked_before_opening", "booked on {}, but the account was opened on {}", date,
                             state.opened_on);
    return std::nullopt;
}

// The rules for everything that moves money. A command that meets them becomes the event.
template <moves_money Event>
decision book(const account& state, const auto& command) {
    if (state.status != account::phase::open) return not_open(state);
    if (auto bad = bad_date(state, command.booking().date())) return *bad;

    const auto event = stele::make_from<Event>(command);  // booking and amount
    if (!add(state.balance, change_of(event)))
        return stele::reject("balance_overflow", "balance {} and amount {} add up to more than an account can hold",
                             format_money(state.balance), format_money(command.amount()));
    return stele::accept(event);
}

// Except for a rounding, the name of a command says which way the money goes, so its amount is positive.
template <moves_money Event>
decision book_positive(const account& state, const auto& command) {
    if (command.amount() <= 0)
        return stele::reject("amount_not_positive", "the amount is {}, it must be positive",
                             format_money(command.amount()));
    return book<Event>(state, command);
}

}  // namespace

decision account::decide(const OpenAccount& command) const {
    if (status == phase::open) return stele::reject("account_already_open", "it was opened on {}", opened_on);
    if (status == phase::closed)
        return stele::reject("account_closed", "the account is closed; its number cannot be used again");
    if (auto bad = bad_date(*this, command.date())) return *bad;
    if (command.overdraft_limit() < 0)
        return stele::reject("invalid_overdraft_limit", "the limit is {}, it must be 0 or more",
                             format_money(command.overdraft_limit()));
    return stele::accept(stele::make_from<AccountOpenedV2>(
        command, [&](auto& event) { event.set_lowest_balance(-command.overdraft_limit()); }));
}

decision account::decide(const DepositMoney& command) const {
    return book_positive<MoneyDeposited>(*this, command);
}

// Only withdrawals obey the overdraft limit and a freeze. Fees and interest are owed in any case.
decision account::decide(const WithdrawMoney& command) const {
    auto withdrawal = book_positive<MoneyWithdrawn>(*this, command);
    if (withdrawal.is_accepted() && frozen) return is_frozen();
    if (withdrawal.is_accepted() && balance - command.amount() < lowest_balance)
        return stele::reject("insufficient_funds", "balance {}, may not fall below {}, requested {}",
                             format_money(balance), format_money(lowest_balance), format_money(command.amount()));
    return withdrawal;
}

decision account::decide(const PayInterest& command) const {
    return book_positive<InterestPaid>(*this, command);
}

decision account::decide(const ChargeInterest& command) const {
    return book_positive<InterestCharged>(*this, command);
}

decision account::decide(const ChargeFee& command) const {
    return book_positive<FeeCharged>(*this, command);
}

decision account::decide(const PostRounding& command) const {
    if (command.amount() == 0 || command.amount() > rounding_step || command.amount() < -rounding_step)
        return stele::reject("not_a_rounding", "{} is not a rounding, which is at most {} up or down",
                             format_money(command.amount()), format_money(rounding_step));
    return book<RoundingPosted>(*this, command);
}

decision account::decide(const CloseAccount& command) const {
    if (status != phase::open) return not_open(*this);
    if (auto bad = bad_date(*this, command.date())) return *bad;
    if (frozen) return is_frozen();
    if (balance != 0) return stele::reject("balance_not_zero", "balance {}, it must be 0.00", format_money(balance));
    return stele::accept(stele::make_from<AccountClosed>(command));
}

// Who may freeze an account is decided in authorization.hpp.
decision account::decide(const FreezeAccount& command) const {
    if (status != phase::open) return not_open(*this);
    if (auto bad = bad_date(*this, command.date())) return *bad;
    if (frozen) return is_frozen();
    return stele::accept(stele::make_from<AccountFrozen>(command));
}

decision account::decide(const UnfreezeAccount& command) const {
    if (status != phase::open) return not_open(*this);
    if (auto bad = bad_date(*this, command.date())) return *bad;
    if (!frozen) return stele::reject("account_not_frozen", "the account is not frozen");
    return stele::accept(stele::make_from<AccountUnfrozen>(command));
}

}  // namespace bank
