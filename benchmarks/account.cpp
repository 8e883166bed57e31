#include "benchmarks/account.hpp"

namespace bench {

MoneyDeposited deposited(std::int64_t amount, const std::string& reference) {
    MoneyDeposited event;
    event.set_amount(amount);
    event.set_reference(reference);
    return event;
}

stele::decision<account> account::decide(const DepositMoney& command) const {
    if (!open) return stele::reject("not_open", "there is no such account");
    return stele::accept(deposited(command.amount(), command.reference()));
}

AccountSnapshot saved_account::snapshot() const {
    AccountSnapshot saved;
    saved.set_open(open);
    saved.set_balance(balance);
    return saved;
}

void saved_account::restore(const AccountSnapshot& saved) {
    open = saved.open();
    balance = saved.balance();
}

stele::decision<saved_account> saved_account::decide(const DepositMoney& command) const {
    if (!open) return stele::reject("not_open", "there is no such account");
    return stele::accept(deposited(command.amount(), command.reference()));
}

}  // namespace bench
