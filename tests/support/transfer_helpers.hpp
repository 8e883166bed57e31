#pragma once

#include "support/errors.hpp"
#include "support/transfers.hpp"

#include <stele/commands/command_bus.hpp>
#include <stele/processes/process_runner.hpp>
#include <stele/testing/manual_clock.hpp>

#include <doctest/doctest.h>

#include <functional>
#include <map>
#include <set>
#include <string>

/// Helpers for tests of processes over a store: a bus for wallets and transfers, and functions to inspect the outcome.
namespace testing {

using stele::process_runner;
using transfer_bus = stele::command_bus<wallet, transfer>;

/// A bus that lets a test interfere with its commands.
class spy_bus : public transfer_bus {
public:
    explicit spy_bus(stele::event_store& store)
        : transfer_bus(store, {.middleware = {[this](stele::sent_command& command, const stele::next_step& next) {
                                   before_send(command.message);
                                   if (conflicts == 0) return next(command);
                                   --conflicts;
                                   return stele::command_result{std::unexpected(stele::command_error{
                                       command.type(), command.stream,
                                       stele::conflict{command.stream, stele::expected_version::no_stream(), {1}}, 1})};
                               }}}) {}
    spy_bus(const spy_bus&) = delete;
    spy_bus& operator=(const spy_bus&) = delete;

    std::function<void(const google::protobuf::Message&)> before_send = [](const auto&) {};
    /// How many of the next commands end in a conflict before they reach the bus.
    int conflicts = 0;
};

void send(stele::event_store& store, const auto& command) {
    REQUIRE(transfer_bus{store}.send(command));
}

/// Opens three wallets: a with 100, b with 0, and lost_and_found.
inline void open_wallets(stele::event_store& store) {
    send(store, open_wallet("a", 100));
    send(store, open_wallet("b"));
    send(store, open_wallet(lost_and_found));
}

inline std::int64_t balance(stele::event_store& store, std::string_view name) {
    return stele::load<wallet>(store, stele::stream_of<wallet>(name)).state.balance;
}

/// The events of a stream: one word for each.
inline std::string story(stele::event_store& store, std::string_view stream) {
    std::string words;
    for (const auto& event : store.read_stream(stele::stream_id{std::string{stream}}).events()) {
        const auto type = event.type.substr(event.type.rfind('.') + 1);
        words += (words.empty() ? "" : " ") + std::string{type};
        TransferFailed failed;
        if (type == "TransferFailed" && failed.ParseFromString(std::string{event.payload}))
            words += "(" + failed.reason() + ")";
    }
    return words;
}

/// The events of all streams, without their order in each, to compare two stores.
inline std::string all_stories(stele::event_store& store) {
    std::map<std::string, std::multiset<std::string>> words;
    for (const auto& event : store.read_all().events()) {
        const auto type = event.type.substr(event.type.rfind('.') + 1);
        words[std::string{event.stream}].emplace(type);
    }
    std::string text;
    for (const auto& [stream, types] : words) {
        text += stream + ":";
        for (const auto& type : types) text += " " + type;
        text += "\n";
    }
    return text;
}

/// Runs the process until nothing is left to do, with a new runner.
inline void catch_up(stele::event_store& store, const stele::process_runner_options& options = {}) {
    transfer_bus bus{store};
    process_runner runner{store, options};
    runner.add<transfer_process>(bus);
    const auto reached = runner.catch_up();
    CHECK(reached == store.head());
    CHECK(runner.position<transfer_process>() == store.head());
    CHECK_FALSE(runner.failure<transfer_process>());
}

}  // namespace testing
