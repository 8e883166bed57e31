#pragma once

#include "bank/domain/events.hpp"
#include "bank/domain/money.hpp"

#include <stele/aggregates/aggregate.hpp>

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace bank {

/// What has to be true of money that is to go from one account to another, whatever the accounts say to it. Returns
/// what is not.
std::optional<stele::rejection> bad_transfer(std::string_view source, std::string_view target, money amount,
                                             std::string_view date);

/// A transfer between two accounts: what was asked for, and what came of it. It moves no money itself; that is done by
/// transfer_process, which sends commands to the accounts.
struct transfer {
    static constexpr auto category = "transfer";
    static constexpr auto events = hana::tuple_t<TransferRequested, TransferCompleted, TransferFailed>;
    static constexpr auto commands = hana::tuple_t<RequestTransfer, CompleteTransfer, FailTransfer>;
    static std::string_view instance_id(const auto& command) { return command.transfer(); }

    // The state.
    enum class phase : std::uint8_t { unknown, under_way, completed, failed };
    phase status = phase::unknown;
    TransferRequested request;
    TransferFailed failure;

    // What events mean.
    void evolve(const TransferRequested& event) {
        status = phase::under_way;
        request = event;
    }
    void evolve(const TransferCompleted&) { status = phase::completed; }
    void evolve(const TransferFailed& event) {
        status = phase::failed;
        failure = event;
    }

    // What commands lead to: the rules are in transfer.cpp.
    using decision = stele::decision<transfer>;
    [[nodiscard]] decision decide(const RequestTransfer& command) const;
    [[nodiscard]] decision decide(const CompleteTransfer& command) const;
    [[nodiscard]] decision decide(const FailTransfer& command) const;
};

}  // namespace bank
