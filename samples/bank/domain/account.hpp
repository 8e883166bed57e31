#pragma once

#include "bank/domain/events.hpp"
#include "bank/domain/money.hpp"

#include <stele/aggregates/aggregate.hpp>
#include <stele/aggregates/snapshot_policy.hpp>

#include <cstdint>
#include <string>
#include <string_view>

namespace bank {

/// The overdraft limit of an account that is opened without another one: 10 000.00.
inline constexpr money default_overdraft_limit = 1'000'000;

/// One account of the bank: its rules, and the state that they need, folded from the account's events.
///
/// `evolve` applies an event to the state; an event is a fact, so it cannot be rejected. `decide` turns a command into
/// an event, or into a rejection with a code. Neither reads a clock, a file or another account.
struct account {
    static constexpr auto category = "account";
    static constexpr auto events = account_events;
    static constexpr auto commands =
        hana::tuple_t<OpenAccount, DepositMoney, WithdrawMoney, PayInterest, ChargeInterest, ChargeFee, PostRounding,
                      CloseAccount, FreezeAccount, UnfreezeAccount>;
    static std::string_view instance_id(const auto& command) { return command.account(); }

    // The state.
    enum class phase : std::uint8_t { unopened, open, closed };
    phase status = phase::unopened;
    money balance = 0;
    money lowest_balance = 0;
    std::string opened_on;
    bool frozen = false;

    // What each event changes.
    void evolve(const AccountOpenedV2& event);
    void evolve(const MoneyDeposited& event) { balance += change_of(event); }
    void evolve(const MoneyWithdrawn& event) { balance += change_of(event); }
    void evolve(const InterestPaid& event) { balance += change_of(event); }
    void evolve(const InterestCharged& event) { balance += change_of(event); }
    void evolve(const FeeCharged& event) { balance += change_of(event); }
    void evolve(const RoundingPosted& event) { balance += change_of(event); }
    void evolve(const AccountClosed&) { status = phase::closed; }
    void evolve(const AccountFrozen&) { frozen = true; }
    void evolve(const AccountUnfrozen&) { frozen = false; }

    // Snapshots, for accounts with many events. Increase fold_version when an `evolve` gives another result.
    using snapshot_type = AccountSnapshot;
    static constexpr auto snapshot_policy = stele::snapshot_every(100);
    static constexpr int fold_version = 1;
    [[nodiscard]] AccountSnapshot snapshot() const;
    void restore(const AccountSnapshot& saved);
    friend bool operator==(const account&, const account&) = default;

    // What each command leads to. The rules are in account.cpp.
    using decision = stele::decision<account>;
    [[nodiscard]] decision decide(const OpenAccount& command) const;
    [[nodiscard]] decision decide(const DepositMoney& command) const;
    [[nodiscard]] decision decide(const WithdrawMoney& command) const;
    [[nodiscard]] decision decide(const PayInterest& command) const;
    [[nodiscard]] decision decide(const ChargeInterest& command) const;
    [[nodiscard]] decision decide(const ChargeFee& command) const;
    [[nodiscard]] decision decide(const PostRounding& command) const;
    [[nodiscard]] decision decide(const CloseAccount& command) const;
    [[nodiscard]] decision decide(const FreezeAccount& command) const;
    [[nodiscard]] decision decide(const UnfreezeAccount& command) const;
};

}  // namespace bank
