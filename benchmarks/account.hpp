#pragma once

#include "account.pb.h"

#include <stele/aggregates/load.hpp>
#include <stele/aggregates/snapshot_policy.hpp>

#include <cstdint>
#include <string>
#include <string_view>

namespace bench {

namespace hana = boost::hana;

/// As small as an aggregate can be, so that sending a command costs what the library costs.
struct account {
    static constexpr auto category = "account";
    static constexpr auto events = hana::tuple_t<AccountOpened, MoneyDeposited>;
    static constexpr auto commands = hana::tuple_t<DepositMoney>;
    static std::string_view instance_id(const auto& command) { return command.account(); }

    bool open = false;
    std::int64_t balance = 0;

    [[nodiscard]] stele::decision<account> decide(const DepositMoney& command) const;
    void evolve(const AccountOpened&) { open = true; }
    void evolve(const MoneyDeposited& event) { balance += event.amount(); }
};

/// The same account with snapshots, taken by hand.
struct saved_account : account {
    using snapshot_type = AccountSnapshot;
    static constexpr auto snapshot_policy = stele::snapshot_never();

    [[nodiscard]] AccountSnapshot snapshot() const;
    void restore(const AccountSnapshot& saved);
    [[nodiscard]] stele::decision<saved_account> decide(const DepositMoney& command) const;
};

MoneyDeposited deposited(std::int64_t amount, const std::string& reference);

}  // namespace bench
