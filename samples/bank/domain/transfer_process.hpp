#pragma once

#include "bank/domain/events.hpp"

#include <stele/eventstore/stream.hpp>
#include <stele/processes/process_manager.hpp>

#include <string>

namespace bank {

/// Where money is kept that neither the target of a transfer nor its source would take. It is opened when first needed.
inline constexpr auto suspense_account = "suspense";

/// Carries out a transfer: takes the money from the source and gives it to the target. If that refuses it, the money
/// goes back to the source; if that cannot take it either (it may have been closed meanwhile), to the suspense account.
/// So at the end it is on exactly one account, and the end of the transfer says on which, and why.
struct transfer_process {
    static constexpr auto name = "transfer_process";
    static constexpr auto events = hana::tuple_t<TransferRequested, MoneyWithdrawn, MoneyDeposited>;
    static constexpr auto commands =
        hana::tuple_t<WithdrawMoney, DepositMoney, OpenAccount, CompleteTransfer, FailTransfer>;
    using reaction = stele::reaction<transfer_process>;

    static std::string instance_id(const TransferRequested&, const stele::recorded_event& at) {
        return std::string(stele::instance_id_of(at.stream));
    }
    /// Most bookings are no step of a transfer.
    static std::string instance_id(const moves_money auto& event) { return event.booking().transfer(); }

    // The state.
    std::string transfer;
    TransferRequested request;
    int refused = 0;           // so often, each time by another account
    stele::rejection refusal;  // the first

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
    /// The suspense account is open already.
    [[nodiscard]] reaction react(const stele::rejected<OpenAccount>&) const { return {}; }
    /// It has ended: somebody else was told to carry it out as well.
    [[nodiscard]] reaction react(const stele::rejected<CompleteTransfer>&) const { return {}; }
    [[nodiscard]] reaction react(const stele::rejected<FailTransfer>&) const { return {}; }

private:
    void refuse(const stele::rejection& why);
    [[nodiscard]] Booking booking(const char* kind) const;
    [[nodiscard]] DepositMoney deposit(const std::string& account, const char* kind) const;
    [[nodiscard]] FailTransfer fail(std::string_view returned_to) const;
};

}  // namespace bank
