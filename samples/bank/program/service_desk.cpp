#include "bank/program/service_desk.hpp"

#include "bank/domain/calendar.hpp"
#include "bank/storage/bank_directory.hpp"

#include <stele/eventstore/stream.hpp>

#include <fmt/format.h>

namespace bank {
namespace {

transfer transfer_of(stele::event_store& store, std::string_view name) {
    return stele::load<transfer>(store, stele::stream_of<transfer>(name)).state;
}

std::string line_of(std::string_view name, const transfer& transfer) {
    const auto& request = transfer.request;
    auto line = fmt::format("transfer {}: {} from {} to {} on {}, ", name, format_money(request.amount()),
                            request.source(), request.target(), request.date());
    if (transfer.status != transfer::phase::failed) return line + "completed\n";
    const auto& failure = transfer.failure;
    line += fmt::format("failed ({}): {}\n", failure.code(), failure.reason());
    if (failure.returned_to() == request.source())
        line += fmt::format("  the money is back on account {}\n", request.source());
    else if (!failure.returned_to().empty())
        line += fmt::format("  the money is kept on account {}\n", failure.returned_to());
    return line;
}

}  // namespace

void service_desk::send(const auto& command, const stele::metadata& about) {
    auto dated = about;
    dated.occurred_at = start_of(today_);
    if (const auto sent = bus_.send(command, {.metadata = dated}); !sent) throw refusal(sent.error().message());
}

std::string service_desk::carry_out() {
    const auto before = store_.head();
    bank::carry_out(store_, bus_, today_);
    std::string lines;
    const stele::event_query ends{
        .categories = {transfer::category},
        .types = {TransferCompleted::descriptor()->full_name(), TransferFailed::descriptor()->full_name()}};
    for (const auto& event : store_.read_all({.after = before, .filter = ends}).events()) {
        const auto name = stele::instance_id_of(event.stream);
        lines += line_of(name, transfer_of(store_, name));
    }
    return lines;
}

outcome service_desk::transfer_money(const std::string& transfer, const std::string& source, const std::string& target,
                                     money amount) {
    RequestTransfer command;
    command.set_transfer(transfer);
    command.set_source(source);
    command.set_target(target);
    command.set_amount(amount);
    command.set_date(today_);
    send(command);
    auto lines = carry_out();
    const auto end = transfer_of(store_, transfer);
    if (lines.find(line_of(transfer, end)) == std::string::npos) lines += line_of(transfer, end);
    return {lines, end.status == transfer::phase::completed};
}

outcome service_desk::place_standing_order(const std::string& order, const std::string& source,
                                           const std::string& target, money amount, const std::string& first_date) {
    PlaceStandingOrder command;
    command.set_order(order);
    command.set_source(source);
    command.set_target(target);
    command.set_amount(amount);
    command.set_first_date(first_date);
    send(command);
    const auto placed = fmt::format("standing order {}: {} from {} to {} every month from {}\n", order,
                                    format_money(amount), source, target, first_date);
    return {placed + carry_out()};
}

outcome service_desk::cancel_standing_order(const std::string& order) {
    // Everything that was due before the cancellation is paid.
    const auto due = carry_out();
    CancelStandingOrder command;
    command.set_order(order);
    send(command);
    return {due + carry_out() + fmt::format("standing order {}: cancelled\n", order)};
}

outcome service_desk::freeze(const std::string& account, const std::string& reason, const std::string& actor) {
    FreezeAccount command;
    command.set_account(account);
    command.set_date(today_);
    command.set_reason(reason);
    send(command, {.actor = actor});
    return {fmt::format("account {}: frozen\n", account) + carry_out()};
}

outcome service_desk::unfreeze(const std::string& account, const std::string& actor) {
    UnfreezeAccount command;
    command.set_account(account);
    command.set_date(today_);
    send(command, {.actor = actor});
    return {fmt::format("account {}: unfrozen\n", account) + carry_out()};
}

outcome service_desk::carry_out_due() {
    auto lines = carry_out();
    return {lines.empty() ? "nothing was due\n" : std::move(lines)};
}

}  // namespace bank
