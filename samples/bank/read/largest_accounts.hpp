#pragma once

#include "bank/domain/events.hpp"
#include "bank/domain/money.hpp"

#include <stele/eventstore/event.hpp>
#include <stele/eventstore/stream.hpp>
#include <stele/projections/memory/memory_projection.hpp>

#include <cstddef>
#include <map>
#include <string>
#include <utility>
#include <vector>

namespace bank {

/// Which accounts hold most? A read model in memory: the balance of every account on which money has moved.
struct largest_accounts {
    static constexpr auto name = "largest_accounts";
    static constexpr int version = 1;
    static constexpr auto events =
        hana::tuple_t<MoneyDeposited, MoneyWithdrawn, InterestPaid, InterestCharged, FeeCharged, RoundingPosted>;

    std::map<std::string, money> balances;

    void project(const moves_money auto& event, const stele::recorded_event& at) {
        auto& balance = balances[std::string(stele::instance_id_of(at.stream))];
        balance = total(balance, change_of(event));
    }

    // With a snapshot, a program that starts reads only the events after it.
    using snapshot_type = LargestAccounts;
    static constexpr auto snapshot_policy = stele::snapshot_every(1'000);
    [[nodiscard]] LargestAccounts snapshot() const;
    void restore(const LargestAccounts& saved);

    /// The `count` largest, or all if there are fewer; the largest first, equal ones in the order of their numbers.
    [[nodiscard]] std::vector<std::pair<std::string, money>> top(std::size_t count) const;

    friend bool operator==(const largest_accounts&, const largest_accounts&) = default;
};

}  // namespace bank
