#pragma once

#include "support/transfer_helpers.hpp"

#include <algorithm>
#include <atomic>
#include <chrono>
#include <string>
#include <vector>

/// A process that meets events which it cannot take, until it is mended.
namespace testing {

using amounts = std::vector<std::int64_t>;

inline const stele::process_runner_options mover_settings{
    .commands_per_turn = 100, .attempts = 2, .first_backoff = std::chrono::milliseconds{1}};

struct parks {
    static constexpr auto on_fault = stele::on_fault::dead_letter;
};
struct stops {
    static constexpr auto on_fault = stele::on_fault::stop;
};
struct declares_nothing {};

/// No fault: the money is put by a deadline that is due.
inline const std::string due_deadline = "a deadline";

/// Puts what was taken into the wallet w. `transfer` is the instance, and after a ':' what is wrong with the event.
template <class Policy>
struct mover : Policy {
    static constexpr auto name = "mover";
    static constexpr auto events = hana::tuple_t<MoneyTaken>;
    static constexpr auto commands = hana::tuple_t<PutMoney>;
    using reaction = stele::reaction<mover>;

    static inline std::atomic<bool> is_fixed = false;

    // Something of Stele that is called in a wrong way: the fault of the handler, not of the event.
    static void misuse() { stele::stream_id{""}; }

    static std::string fault_of(const MoneyTaken& event) {
        const auto& text = event.transfer();
        return is_fixed || !text.contains(':') ? "" : text.substr(text.find(':') + 1);
    }
    static std::string instance_id(const MoneyTaken& event) {
        if (fault_of(event) == "long name") return std::string(600, 'n');
        if (fault_of(event) == "line break") return "x\ny";
        if (fault_of(event) == "instance_id throws") throw std::runtime_error("out of order");
        if (fault_of(event) == "instance_id misuses and throws") misuse();
        return event.transfer().substr(0, event.transfer().find(':'));
    }
    void evolve(const MoneyTaken& event) {
        if (fault_of(event) == "evolve throws") throw std::runtime_error("out of order");
        if (fault_of(event) == "evolve misuses and throws") misuse();
    }
    void evolve(const stele::rejected<PutMoney>&) {}
    reaction react(const MoneyTaken& event) const {
        PutMoney put;
        put.set_wallet("w");
        put.set_transfer(instance_id(event));
        put.set_amount(event.amount());
        reaction all;
        all.send(put);
        const auto fault = fault_of(event);
        if (fault == "react throws") throw std::runtime_error("out of order");
        if (fault == due_deadline) return reaction{}.after(-std::chrono::hours{1}, "late", put);
        if (fault == "react misuses and throws") misuse();
        if (fault == "a long text throws") throw std::runtime_error(std::string(100'000, 'x'));
        if (fault == "no target") all.send(PutMoney{});
        if (fault == "deadline is not UTF-8") all.after(std::chrono::hours{1}, "Zo\xEB", put);
        if (fault == "deadline without name") all.after(std::chrono::hours{1}, "", put);
        for (std::uint64_t i = 0; fault == "too many commands" && i < mover_settings.commands_per_turn; ++i)
            all.send(put);
        return all;
    }
    reaction react(const stele::rejected<PutMoney>&) const { return {}; }
};
using parking = mover<parks>;
using stopping = mover<stops>;
using undeclared = mover<declares_nothing>;

inline const std::string unparseable = "does not parse";
/// With the whole event the instance is not known.
inline const std::vector<std::string> faults_of_mapping = {"long name", "line break", "instance_id throws",
                                                           "instance_id misuses and throws", unparseable};
inline const std::vector<std::string> faults_of_instance = {"evolve throws",         "evolve misuses and throws",
                                                            "react throws",          "react misuses and throws",
                                                            "a long text throws",    "no target",
                                                            "deadline is not UTF-8", "deadline without name",
                                                            "too many commands"};

inline void take(stele::event_store& store, const std::string& instance, std::int64_t amount,
                 const std::string& fault = {}, const std::string& stream = "note-1") {
    MoneyTaken event;
    event.set_transfer(fault.empty() || fault == unparseable ? instance : instance + ":" + fault);
    event.set_amount(amount);
    auto data = stele::encode(event);
    if (fault == unparseable) data.payload = "\xFF";
    REQUIRE(store.append(stele::stream_id{stream}, stele::expected_version::any(), std::span(&data, 1)));
}

/// What an instance has put into the wallet, in order.
inline amounts put_by(stele::event_store& store, const std::string& instance) {
    amounts all;
    for (const auto& event : store.read_stream(stele::stream_id{"wallet-w"}).events()) {
        MoneyPut put;
        if (event.type == "testing.MoneyPut" && put.ParseFromString(std::string{event.payload}) &&
            put.transfer() == instance)
            all.push_back(put.amount());
    }
    return all;
}

inline void given(stele::event_store& store, const std::string& fault) {
    send(store, open_wallet("w"));
    take(store, "a", 1);
    take(store, "b", 2, fault);
    take(store, "b", 3);
    take(store, "a", 4);
}

/// Runs a new runner until it is at the head, or faulted; returns its status.
template <class Process>
stele::process_status run(stele::event_store& store, bool in_background) {
    transfer_bus bus{store};
    process_runner runner{store, mover_settings};
    runner.add<Process>(bus);
    if (in_background) {
        const auto head = store.head();
        runner.start();
        static_cast<void>(runner.wait_for<Process>(head, std::chrono::seconds{60}));
    } else {
        try {
            runner.catch_up();
        } catch (const stele::error&) {  // the status tells
        }
    }
    return runner.status().at(0);
}

template <class Process = parking>
stele::dead_letter_replay replay(stele::event_store& store) {
    transfer_bus bus{store};
    process_runner runner{store, mover_settings};
    runner.add<Process>(bus);
    const auto before = runner.dead_letters<Process>().size();
    const auto result = runner.replay_dead_letters<Process>();
    CHECK(result.applied + result.gone + result.left == before);
    CHECK(runner.dead_letters<Process>().size() == result.left);
    CHECK(runner.status().at(0).dead_letters == result.left);
    return result;
}

inline std::vector<stele::dead_letter> letters_of(stele::event_store& store) {
    transfer_bus bus{store};
    process_runner runner{store};
    runner.add<parking>(bus);
    return runner.dead_letters<parking>();
}

}  // namespace testing
