#pragma once

#include "bank/domain/events.hpp"

#include <stele/eventstore/stream.hpp>
#include <stele/processes/process_manager.hpp>

#include <string>

namespace bank {

/// The account for money that neither the target of a transfer nor its source accepts. Opened when first needed.
inline constexpr auto suspense_account = "suspense";

/// Carries out a transfer: withdraws the money from the source and deposits it on the target. If the target rejects the
/// deposit, the money goes back to the source; if the source rejects it too (it may have been closed in the meantime),
/// to the suspense account. So in the end the money is on exactly one account, and the transfer records which and why.
struct transfer_process {
    static constexpr auto name = "transfer_process";
    static constexpr auto events = hana::tuple_t<TransferRequested, MoneyWithdrawn, MoneyDeposited>;
    static constexpr auto starts = hana::tuple_t<TransferRequested>;
    static constexpr auto commands =
        hana::tuple_t<WithdrawMoney, DepositMoney, OpenAccount, CompleteTransfer, FailTransfer>;
    using reaction = stele::reaction<transfer_process>;

    static std::string instance_id(const TransferRequested&, const stele::recorded_event& at) {
        return std::string(stele::instance_id_of(at.stream));
    }
    /// Empty for bookings that belong to no transfer: they are ignored.
    static std::string instance_id(const moves_money auto& event) { return event.booking().transfer(); }

    // The state.
    std::string transfer;
    TransferRequested request;
    int refused = 0;           // by how many accounts
    stele::rejection refusal;  // by the first of them

    void evolve(const TransferRequested& event, const stele::recorded_event& at) {
        transfer = stele::instance_id_of(at.stream);
        request = event;
    }
    void evolve(const moves_money auto&) {}
    void evolve(const stele::rejected<WithdrawMoney>& rejected) { refuse(rejected.reason); }
    void evolve(const stele::rejected<DepositMoney>& rejected) { refuse(rejected.reason); }
    void evolve(const auto&) {}

    [[nodiscard]] reaction react(const TransferRequested& event) const;
    [[nodiscard]] reaction react(const MoneyWithdrawn& event) const;
    [[nodiscard]] reaction react(const MoneyDeposited& event, const stele::recorded_event& at) const;
    [[nodiscard]] reaction react(const stele::rejected<WithdrawMoney>& rejected) const;
    [[nodiscard]] reaction react(const stele::rejected<DepositMoney>& rejected) const;
    /// The suspense account is already open.
    [[nodiscard]] reaction react(const stele::rejected<OpenAccount>&) const { return {}; }
    /// The transfer has ended already: another runner has carried it out too.
    [[nodiscard]] reaction react(const stele::rejected<CompleteTransfer>&) const { return {}; }
    [[nodiscard]] reaction react(const stele::rejected<FailTransfer>&) const { return {}; }

private:
    void refuse(const stele::rejection& why);
    [[nodiscard]] Booking booking(const char* kind) const;
    [[nodiscard]] DepositMoney deposit(const std::string& account, const char* kind) const;
    [[nodiscard]] FailTransfer fail(std::string_view returned_to) const;
};

}  // namespace bank
