// The domain of the examples in docs/: accounts, and short ways to make their messages.
#pragma once

#include "bank.pb.h"

#include <stele/aggregates.hpp>

#include <cstdint>
#include <string_view>

namespace bank {

namespace hana = boost::hana;

// [account]
struct account {
    static constexpr auto category = "account";  // streams are named account-ID
    static constexpr auto events = hana::tuple_t<AccountOpened, MoneyDeposited, MoneyWithdrawn, AccountClosed>;
    static constexpr auto commands = hana::tuple_t<OpenAccount, DepositMoney, WithdrawMoney, CloseAccount>;
    static std::string_view instance_id(const auto& command) { return command.account(); }

    // The state before the first event.
    bool open = false;
    std::int64_t balance = 0;
    friend bool operator==(const account&, const account&) = default;  // only tests need it

    // One evolve per event: what has happened changes the state.
    void evolve(const AccountOpened&) { open = true; }
    void evolve(const MoneyDeposited& e) { balance += e.amount(); }
    void evolve(const MoneyWithdrawn& e) { balance -= e.amount(); }
    void evolve(const AccountClosed&) { open = false; }

    // One decide per command: what should happen, given the state.
    stele::decision<account> decide(const OpenAccount& c) const;
    stele::decision<account> decide(const DepositMoney& c) const;
    stele::decision<account> decide(const WithdrawMoney& c) const;
    stele::decision<account> decide(const CloseAccount& c) const;
};
// [/account]

template <class Message>
Message on_account(std::string_view id) {
    Message command;
    command.set_account(std::string{id});
    return command;
}

template <class Message>
Message moving(Message message, std::int64_t amount, std::string_view transfer) {
    message.set_amount(amount);
    message.set_transfer(std::string{transfer});
    return message;
}

// Commands.
inline OpenAccount open_account(std::string_view id, std::string_view owner = "") {
    auto command = on_account<OpenAccount>(id);
    command.set_owner(std::string{owner});
    return command;
}
inline DepositMoney deposit(std::string_view id, std::int64_t amount, std::string_view transfer = "") {
    return moving(on_account<DepositMoney>(id), amount, transfer);
}
inline WithdrawMoney withdraw(std::string_view id, std::int64_t amount, std::string_view transfer = "") {
    return moving(on_account<WithdrawMoney>(id), amount, transfer);
}
inline CloseAccount close_account(std::string_view id) {
    return on_account<CloseAccount>(id);
}

// Events.
inline AccountOpened opened(std::string_view owner = "") {
    AccountOpened event;
    event.set_owner(std::string{owner});
    return event;
}
inline MoneyDeposited deposited(std::int64_t amount, std::string_view transfer = "") {
    return moving(MoneyDeposited{}, amount, transfer);
}
inline MoneyWithdrawn withdrawn(std::int64_t amount, std::string_view transfer = "") {
    return moving(MoneyWithdrawn{}, amount, transfer);
}
inline AccountClosed closed() {
    return {};
}

// [decide]
inline stele::decision<account> account::decide(const OpenAccount& c) const {
    if (open) return stele::reject("already_open", "account {} is open", c.account());
    return stele::accept(opened(c.owner()));
}

inline stele::decision<account> account::decide(const DepositMoney& c) const {
    if (!open) return stele::reject("not_open", "account {} is not open", c.account());
    return stele::accept(deposited(c.amount(), c.transfer()));
}

inline stele::decision<account> account::decide(const WithdrawMoney& c) const {
    if (!open) return stele::reject("not_open", "account {} is not open", c.account());
    if (c.amount() > balance)
        return stele::reject("insufficient_funds", "asked for {}, the balance is {}", c.amount(), balance);
    return stele::accept(withdrawn(c.amount(), c.transfer()));
}

inline stele::decision<account> account::decide(const CloseAccount&) const {
    if (!open) return stele::no_change();  // closing twice is fine
    stele::decision<account> result = stele::no_change();
    if (balance > 0) result.add(withdrawn(balance));  // pay out what is left
    result.add(closed());
    return result;
}
// [/decide]

}  // namespace bank
