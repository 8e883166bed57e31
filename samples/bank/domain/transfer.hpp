#pragma once

#include "bank/domain/events.hpp"
#include "bank/domain/money.hpp"

#include <stele/aggregates/aggregate.hpp>

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace bank {

/// The rules for a transfer that do not depend on the state of the two accounts. Returns the rejection, or nothing if
/// the transfer is valid.
std::optional<stele::rejection> bad_transfer(std::string_view source, std::string_view target, money amount,
                                             std::string_view date);

/// A transfer between two accounts: the request and its outcome. It moves no money itself: transfer_process does, by
/// commands to the accounts.
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

    // What each event changes.
    void evolve(const TransferRequested& event) {
        status = phase::under_way;
        request = event;
    }
    void evolve(const TransferCompleted&) { status = phase::completed; }
    void evolve(const TransferFailed& event) {
        status = phase::failed;
        failure = event;
    }

    // What each command leads to. The rules are in transfer.cpp.
    using decision = stele::decision<transfer>;
    [[nodiscard]] decision decide(const RequestTransfer& command) const;
    [[nodiscard]] decision decide(const CompleteTransfer& command) const;
    [[nodiscard]] decision decide(const FailTransfer& command) const;
};

}  // namespace bank
