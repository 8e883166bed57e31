// A process that moves money between wallets is killed at a random instant, again and again. The next process finds
// each transfer completed or compensated, once and in order, and the sum of all wallets unchanged. Some transfers are
// requested in pairs, in one transaction: both are there or neither.
//
// The instant is random, so a failure may not repeat with the same seed: STELE_SEED=N STELE_ROUNDS=N.

#include "faults/tools/run_and_kill.hpp"
#include "faults/tools/settings.hpp"
#include "support/temp_dir.hpp"
#include "support/transfer_helpers.hpp"

#include <stele/eventstore/sqlite/sqlite_store.hpp>

#include <unistd.h>

#include <chrono>
#include <map>
#include <random>
#include <set>
#include <string>

using namespace testing;

namespace {

constexpr int wallets = 6;
constexpr std::int64_t money_each = 50;

stele::sqlite_store open_store(const std::filesystem::path& file) {
    return stele::sqlite_store::open(file, {.durability = stele::durability::normal});
}

std::string wallet_name(std::uint64_t number) {
    return "w" + std::to_string(number);
}

/// Half of them go to a missing wallet, or request more than the balance, or are sent by a deadline.
RequestTransfer random_transfer(const std::string& name, std::mt19937_64& random) {
    const auto from = wallet_name(random() % wallets);
    const auto to = random() % 4 == 0 ? std::string{"nobody"} : wallet_name(random() % wallets);
    return request_transfer(name, from, to, 1 + static_cast<std::int64_t>(random() % 40),
                            std::chrono::seconds{random() % 4 == 0 ? -1 : 0});
}

/// Each request belongs to both of its wallets, which count it: one instance each. Every third one ends the instance.
struct census {
    static constexpr auto name = "census";
    static constexpr auto events = hana::tuple_t<TransferRequested>;
    static constexpr auto starts = events;
    static constexpr auto commands = hana::tuple_t<PutMoney>;
    using reaction = stele::reaction<census>;
    static std::vector<std::string> instance_id(const TransferRequested& event) { return {event.from(), event.to()}; }

    int requests = 0;
    void evolve(const TransferRequested&) { ++requests; }
    void evolve(const stele::rejected<PutMoney>&) {}
    reaction react(const TransferRequested&) const {
        PutMoney count;
        count.set_wallet(lost_and_found);
        count.set_transfer("census");
        count.set_amount(requests);
        reaction all;
        all.send(count).after(std::chrono::hours{100}, "alarm", count);
        return requests == 3 ? std::move(all.end()) : all;
    }
    reaction react(const stele::rejected<PutMoney>&) const { return {}; }
};

/// The name of the second transfer of a pair ends with it, and so does that of a wallet that says there is a pair.
const std::string pair_mark = "+";

OpenWallet note_pair(const std::string& name) {
    return open_wallet(name + pair_mark);
}

/// Requests and executes transfers until it is killed; reports each request through the pipe.
[[noreturn]] void run_child(const std::filesystem::path& file, std::uint64_t seed, int pipe) {
    try {
        std::mt19937_64 random{seed};
        auto store = open_store(file);
        transfer_bus bus{store};
        process_runner runner{store,
                              {.cached_instances = random() % 2 == 0 ? 1000UL : 0UL,
                               .events_per_batch = random() % 4 == 0 ? 1UL : 2 + random() % 100}};
        runner.add<transfer_process>(bus);
        runner.add<census>(bus);
        runner.start();
        for (int number = 0; number < 100'000 && !runner.failure<transfer_process>(); ++number) {
            const auto name = std::to_string(seed) + "." + std::to_string(number);
            const auto request = random_transfer(name, random);
            const auto other = random_transfer(name + pair_mark, random);
            const bool is_done = random() % 2 == 0 ? bus.send(request).has_value()
                                                   : bus.transact([&](auto& tx) {
                                                            tx.send(request);
                                                            tx.send(other);
                                                            tx.send(note_pair(name));
                                                        })
                                                         .has_value();
            if (!is_done || ::write(pipe, "r", 1) != 1) ::_exit(1);
        }
    } catch (const std::exception&) {
    }
    ::_exit(1);
}

/// Runs the child until it has requested some transfers, and then for a random time.
void run_and_kill(const std::filesystem::path& file, std::mt19937_64& random) {
    const auto seed = random();
    const auto reports = random() % 8;
    const std::chrono::microseconds more{random() % 8000};
    ::run_and_kill([&](int pipe) { run_child(file, seed, pipe); }, reports, more);
}

/// The outcome of one transfer, according to the events.
struct outcome {
    int requested = 0, taken = 0, put = 0, completed = 0, failed = 0;
    std::int64_t moved = 0;  // out of wallets and into them: 0 at the end
    bool in_order = true;    // requested, then taken, then put, then over

    void happens(int& what, int before) {
        in_order = in_order && before == 1;
        ++what;
    }

    [[nodiscard]] bool is_whole() const {
        return in_order && requested == 1 && completed + failed == 1 && moved == 0 && taken <= 1 && put == taken &&
               (completed == 0 || taken == 1);
    }
};

struct every_event {
    static constexpr auto events =
        hana::tuple_t<WalletOpened, MoneyTaken, MoneyPut, TransferRequested, TransferCompleted, TransferFailed>;
};

/// Every wallet was counted 1, 2, 3, 1, 2, 3 … by its instance, and those which have not ended have an alarm.
void check_census(stele::event_store& store, const std::map<std::string, std::int64_t>& requests) {
    std::map<std::int64_t, std::int64_t> expected, counted;
    std::size_t alarms = 0;
    for (const auto& [wallet, times] : requests) {
        for (std::int64_t n = 0; n < times; ++n) ++expected[n % 3 + 1];
        alarms += times % 3 == 0 ? 0U : 1U;
    }
    for (const auto& event : store.read_stream(stele::stream_of<wallet>(lost_and_found)).events()) {
        MoneyPut put;
        if (event.type == "testing.MoneyPut" && put.ParseFromString(std::string{event.payload}) &&
            put.transfer() == "census")
            ++counted[put.amount()];
    }
    CHECK(counted == expected);
    CHECK(store.list_documents("deadline").size() == alarms);
}

/// Executes the remaining transfers, and checks everything.
std::size_t check_all(const std::filesystem::path& file) {
    auto store = open_store(file);
    catch_up(store);
    {
        transfer_bus bus{store};
        process_runner runner{store};
        runner.add<census>(bus);
        runner.catch_up();
    }
    std::map<std::string, std::int64_t> requests;
    std::map<std::string, outcome> transfers;
    std::set<std::string> pairs;
    std::int64_t sum = 0;
    const stele::event_query filter{.categories = {"wallet", "transfer"}};
    stele::decode_each<every_event>(
        store.read_all({.filter = filter}),
        stele::overload(
            [&](const WalletOpened& e, const stele::recorded_event& at) {
                sum += e.balance();
                if (at.stream.ends_with(pair_mark)) pairs.emplace(at.stream.substr(at.stream.find('-') + 1));
            },
            [&](const MoneyTaken& e, const auto&) {
                auto& transfer = transfers[e.transfer()];
                transfer.happens(transfer.taken, transfer.requested), transfer.moved -= e.amount(), sum -= e.amount();
            },
            [&](const MoneyPut& e, const auto&) {
                if (e.transfer() == "census") return;
                auto& transfer = transfers[e.transfer()];
                transfer.happens(transfer.put, transfer.taken), transfer.moved += e.amount(), sum += e.amount();
            },
            [&](const TransferRequested& e, const auto&) {
                ++transfers[e.transfer()].requested;
                for (const auto& one : census::instance_id(e)) requests[one] += 1;
                if (e.from() == e.to()) requests[e.to()] -= 1;
            },
            [&](const TransferCompleted& e, const auto&) {
                auto& transfer = transfers[e.transfer()];
                transfer.happens(transfer.completed, transfer.put);
            },
            [&](const TransferFailed& e, const auto&) { ++transfers[e.transfer()].failed; }));
    CHECK(sum == wallets * money_each);
    check_census(store, requests);
    std::size_t seconds = 0;
    for (const auto& [name, transfer] : transfers) {
        if (!name.ends_with(pair_mark)) continue;
        ++seconds;
        CHECK(pairs.contains(name));
        CHECK(transfers.contains(name.substr(0, name.size() - pair_mark.size())));
    }
    CHECK(seconds == pairs.size());
    for (const auto& [name, transfer] : transfers)
        if (!transfer.is_whole())
            FAIL_CHECK(name << ": requested " << transfer.requested << ", taken " << transfer.taken << ", put "
                            << transfer.put << ", completed " << transfer.completed << ", failed " << transfer.failed
                            << ", moved " << transfer.moved);
    return transfers.size();
}

}  // namespace

TEST_CASE("a process manager may be killed at any instant") {
    const auto rounds = environment_number("STELE_ROUNDS").value_or(40);
    INFO("STELE_SEED=", run_seed(), " STELE_ROUNDS=", rounds);
    const temp_dir directory;
    const auto file = directory / "events.db";
    {
        auto store = open_store(file);
        for (int i = 0; i < wallets; ++i)
            send(store, open_wallet(wallet_name(static_cast<std::uint64_t>(i)), money_each));
        send(store, open_wallet(lost_and_found));
    }
    std::mt19937_64 random{run_seed()};
    std::size_t transfers = 0;
    for (std::uint64_t round = 0; round < rounds; ++round) {
        run_and_kill(file, random);
        // Usually the next child continues where the last one was killed.
        if (random() % 4 == 0 || round + 1 == rounds) transfers = check_all(file);
    }
    MESSAGE(rounds << " rounds, " << transfers << " transfers");
}
