#pragma once

#include "bank/domain/account.hpp"
#include "bank/domain/transfer.hpp"
#include "bank/domain/transfer_process.hpp"

#include <stele/codec/codec.hpp>
#include <stele/commands/command_bus.hpp>
#include <stele/eventstore/event_store.hpp>
#include <stele/processes/process_runner.hpp>

#include <doctest/doctest.h>

#include <map>
#include <string>

// Accounts and transfers for tests, and their outcome according to the events.
namespace bank {

using transfer_bus = stele::command_bus<account, transfer>;

inline void open_account(stele::event_store& store, const std::string& number, money balance,
                         money overdraft_limit = 0) {
    transfer_bus bus{store};
    OpenAccount open;
    open.set_account(number);
    open.set_date("2024-01-01");
    open.set_overdraft_limit(overdraft_limit);
    REQUIRE(bus.send(open));
    if (balance == 0) return;
    DepositMoney deposit;
    deposit.set_account(number);
    deposit.mutable_booking()->set_date("2024-01-01");
    deposit.set_amount(balance);
    REQUIRE(bus.send(deposit));
}

inline void close_account(stele::event_store& store, const std::string& number) {
    CloseAccount close;
    close.set_account(number);
    close.set_date("2024-01-02");
    REQUIRE(transfer_bus{store}.send(close));
}

inline RequestTransfer request_transfer(const std::string& name, const std::string& source, const std::string& target,
                                        money amount) {
    RequestTransfer command;
    command.set_transfer(name);
    command.set_source(source);
    command.set_target(target);
    command.set_amount(amount);
    command.set_date("2024-02-01");
    return command;
}

/// Executes everything that is due, with a runner of its own.
template <class Bus>
void carry_out(stele::event_store& store, Bus& bus) {
    stele::process_runner runner{store};
    runner.add<transfer_process>(bus);
    runner.catch_up();
}
inline void carry_out(stele::event_store& store) {
    transfer_bus bus{store};
    carry_out(store, bus);
}

inline money balance_of(stele::event_store& store, const std::string& number) {
    return stele::load<account>(store, stele::stream_of<account>(number)).state.balance;
}

inline transfer transfer_of(stele::event_store& store, const std::string& name) {
    return stele::load<transfer>(store, stele::stream_of<transfer>(name)).state;
}

/// By how much the balance of all accounts together has changed since then.
inline money money_made(stele::event_store& store, stele::position since) {
    money sum = 0;
    stele::decode_each<account>(
        store.read_all({.after = since, .filter = {.categories = {account::category}}}),
        stele::overload([&](const moves_money auto& event, const auto&) { sum += change_of(event); },
                        [](const auto&, const auto&) {}));
    return sum;
}

/// The bookings of one transfer.
struct movement {
    int out = 0;          // how many times money left an account
    int in = 0;           // how many times money reached an account
    std::string account;  // the last account it reached
};

inline std::map<std::string, movement> movements(stele::event_store& store, stele::position since) {
    std::map<std::string, movement> found;
    stele::decode_each<account>(
        store.read_all({.after = since, .filter = {.categories = {account::category}}}),
        stele::overload([&](const MoneyWithdrawn& e, const auto&) { ++found[e.booking().transfer()].out; },
                        [&](const MoneyDeposited& e, const stele::recorded_event& at) {
                            auto& in = found[e.booking().transfer()];
                            ++in.in;
                            in.account = stele::instance_id_of(at.stream);
                        },
                        [](const auto&, const auto&) {}));
    return found;
}

}  // namespace bank
