#include "bank/domain/transfer_process.hpp"

#include <fmt/format.h>

#include <stdexcept>

namespace bank {

using reaction = transfer_process::reaction;

reaction transfer_process::react(const TransferRequested& event) const {
    WithdrawMoney command;
    command.set_account(event.source());
    *command.mutable_booking() = booking("transfer_out");
    command.set_amount(event.amount());
    return reaction{}.send(command);
}

reaction transfer_process::react(const stele::rejected<WithdrawMoney>&) const {
    return reaction{}.send(fail("")).end();
}

reaction transfer_process::react(const MoneyWithdrawn&) const {
    return reaction{}.send(deposit(request.target(), "transfer_in"));
}

reaction transfer_process::react(const stele::rejected<DepositMoney>& rejected) const {
    if (refused == 1) return reaction{}.send(deposit(request.source(), "transfer_returned"));
    if (refused == 2) {
        // Opened on the first of all days, because nothing can be booked before the opening.
        OpenAccount open;
        open.set_account(suspense_account);
        open.set_date("0001-01-01");
        return reaction{}.send(open).send(deposit(suspense_account, "transfer_stranded"));
    }
    throw std::runtime_error(fmt::format("transfer {}: account {} rejects the money: {}", transfer,
                                         rejected.command.account(), rejected.reason.message));
}

reaction transfer_process::react(const MoneyDeposited&, const stele::recorded_event& at) const {
    if (refused > 0) return reaction{}.send(fail(stele::instance_id_of(at.stream))).end();
    CompleteTransfer command;
    command.set_transfer(transfer);
    return reaction{}.send(command).end();
}

void transfer_process::refuse(const stele::rejection& why) {
    if (++refused == 1) refusal = why;
}

Booking transfer_process::booking(const char* kind) const {
    Booking booking;
    booking.set_date(request.date());
    booking.set_transaction(transfer);
    booking.set_kind(kind);
    booking.set_transfer(transfer);
    return booking;
}

DepositMoney transfer_process::deposit(const std::string& account, const char* kind) const {
    DepositMoney command;
    command.set_account(account);
    *command.mutable_booking() = booking(kind);
    command.set_amount(request.amount());
    return command;
}

FailTransfer transfer_process::fail(std::string_view returned_to) const {
    FailTransfer command;
    command.set_transfer(transfer);
    command.set_code(refusal.code);
    command.set_reason(refusal.message);
    command.set_returned_to(std::string(returned_to));
    return command;
}

}  // namespace bank
