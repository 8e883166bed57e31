// Process managers when something goes wrong: between any two appends, in a handler, with a second runner.

#include "support/spy_store.hpp"
#include "support/stores.hpp"
#include "support/transfer_helpers.hpp"

#include <array>
#include <atomic>
#include <thread>

using namespace testing;
using namespace std::chrono_literals;

namespace {

struct lost_power {};

/// Three transfers of three kinds, one of them by a deadline that has passed.
void request_transfers(stele::event_store& store) {
    open_wallets(store);
    send(store, request_transfer("good", "a", "b", 30));
    send(store, request_transfer("nowhere", "a", "c", 40));
    send(store, request_transfer("late", "a", "b", 20, -1h));
}

/// The expected outcome.
const std::string finished =
    "transfer-good: TransferCompleted TransferRequested\n"
    "transfer-late: TransferCompleted TransferRequested\n"
    "transfer-nowhere: TransferFailed TransferRequested\n"
    "transfer_process-good: ProcessEventHandled ProcessEventHandled ProcessEventHandled\n"
    "transfer_process-late: ProcessDeadlinePassed ProcessDeadlineSet ProcessEventHandled ProcessEventHandled "
    "ProcessEventHandled\n"
    "transfer_process-nowhere: ProcessCommandRejected ProcessEventHandled ProcessEventHandled ProcessEventHandled\n"
    "wallet-a: MoneyPut MoneyTaken MoneyTaken MoneyTaken WalletOpened\n"
    "wallet-b: MoneyPut MoneyPut WalletOpened\n"
    "wallet-lost_and_found: WalletOpened\n";

/// How a process handles events: many in one append, each in one of its own, or with an append for each command, as
/// where its commands go to another store.
enum class manner : std::uint8_t { together, one_by_one, apart };
constexpr std::array manners{manner::together, manner::one_by_one, manner::apart};

/// Runs the process, which is interrupted at the n-th append: before it, or after it, before the answer. Returns
/// whether it got that far.
bool cut_off(stele::event_store& store, int append, bool is_done, manner how) {
    spy_store spy{store}, other{store};
    const auto cut = [&] {
        if (--append == 0) throw lost_power{};
    };
    for (auto* each : {&spy, &other}) (is_done ? each->after_append : each->before_append) = cut;
    transfer_bus bus{how == manner::apart ? other : spy};
    process_runner runner{spy, {.events_per_batch = how == manner::one_by_one ? 1UL : 256UL}};
    try {
        runner.add<transfer_process>(bus);
        runner.catch_up();
    } catch (const lost_power&) {
        return true;
    } catch (const stele::error& e) {
        CHECK(std::string{e.what()}.starts_with("process transfer_process "));
        return true;
    }
    return false;
}

/// Fails when a wallet opens; runs beside the other process.
struct failing_process {
    static constexpr auto name = "failing_process";
    static constexpr auto events = hana::tuple_t<WalletOpened>;
    static constexpr auto commands = hana::tuple_t<CloseWallet>;

    static inline std::atomic<bool> fails = true;

    static std::string instance_id(const WalletOpened&) { return "only"; }
    void evolve(const auto&) {}
    stele::reaction<failing_process> react(const auto&) const {
        if (fails) throw std::runtime_error("out of order");
        return {};
    }
};

}  // namespace

/// At least so many appends can be interrupted.
constexpr int least_rounds(manner how) {
    return how == manner::together ? 4 : how == manner::one_by_one ? 8 : 20;
}

STORE_TEST_CASE(store, "wherever a process is interrupted, the rest is done and nothing twice") {
    for (const auto how : manners) {
        CAPTURE(how);
        contract_store fresh{store.configuration()};
        request_transfers(*fresh);
        int rounds = 0;
        // Each runner gets one append further than the one before it.
        while (cut_off(*fresh, 2, false, how)) REQUIRE(++rounds < 100);
        CHECK(rounds >= least_rounds(how));
        CHECK(all_stories(*fresh) == finished);
    }
}

STORE_TEST_CASE(store, "wherever the answer to an append is lost, nothing is done twice") {
    for (const auto how : manners) {
        CAPTURE(how);
        contract_store fresh{store.configuration()};
        request_transfers(*fresh);
        int rounds = 0;
        while (cut_off(*fresh, 1, true, how)) REQUIRE(++rounds < 100);
        CHECK(rounds >= least_rounds(how));
        CHECK(all_stories(*fresh) == finished);
    }
}

STORE_TEST_CASE(store, "runners that run the same process at the same time do nothing twice") {
    open_wallets(*store);
    constexpr int transfers = 20;
    for (int i = 0; i < transfers; ++i)
        send(*store, request_transfer(std::to_string(i), "a", i % 4 == 0 ? "nowhere" : "b", 1));
    {
        std::vector<std::jthread> threads;
        for (int i = 0; i < 3; ++i) threads.emplace_back([&] { catch_up(*store); });
    }
    catch_up(*store);
    CHECK(balance(*store, "a") == 100 - transfers * 3 / 4);
    CHECK(balance(*store, "b") == transfers * 3 / 4);
    for (int i = 0; i < transfers; ++i)
        CHECK(story(*store, "transfer-" + std::to_string(i)) ==
              (i % 4 == 0 ? "TransferRequested TransferFailed(not_open)" : "TransferRequested TransferCompleted"));
}

STORE_TEST_CASE(store, "a process that throws stops there, and the others continue") {
    open_wallets(*store);
    send(*store, request_transfer("1", "a", "b", 30));
    transfer_bus bus{*store};
    process_runner runner{*store};
    runner.add<failing_process>(bus);
    runner.add<transfer_process>(bus);
    failing_process::fails = true;
    const auto failure = error_of([&] { runner.catch_up(); });
    CHECK(failure.kind == stele::error_kind::handler_failed);
    CHECK(failure.message ==
          "process failing_process (instance only) failed at position 1 (stream wallet-a, version 1, type "
          "testing.WalletOpened): out of order");
    CHECK(runner.failure<failing_process>());
    CHECK(runner.position<failing_process>().value == 0);
    CHECK(story(*store, "transfer-1") == "TransferRequested TransferCompleted");

    failing_process::fails = false;
    runner.catch_up();
    CHECK_FALSE(runner.failure<failing_process>());
    // It has no state: only the first of three events that lead to nothing has an entry.
    CHECK(story(*store, "failing_process-only") == "ProcessEventHandled");
}

STORE_TEST_CASE(store, "start() runs a faulted process again, and a wait for one ends at once") {
    open_wallets(*store);
    transfer_bus bus{*store};
    process_runner runner{*store, {.attempts = 2, .first_backoff = 1ms}};
    runner.add<failing_process>(bus);
    failing_process::fails = true;
    runner.start();
    const auto waited = runner.wait_for<failing_process>({3}, std::chrono::milliseconds::max());
    REQUIRE_FALSE(waited);
    CHECK(waited.error().status.state == stele::process_state::faulted);
    CHECK(waited.error().message() ==
          "process failing_process has not reached position 3; it is faulted, at 0 of 3 (3 behind); last error: "
          "process failing_process (instance "
          "only) "
          "failed at position 1 (stream wallet-a, version 1, type testing.WalletOpened): out of order");

    failing_process::fails = false;
    runner.start();
    REQUIRE(runner.wait_for<failing_process>({3}, 10s));
    REQUIRE(runner.wait_for<failing_process>(store->head(), 10s));  // its own journal moved the head
    const auto status = runner.status().at(0);
    CHECK(status.state == stele::process_state::live);
    CHECK(status.last_error.ends_with("out of order"));
}

STORE_TEST_CASE(store, "a command in conflict is retried") {
    open_wallets(*store);
    send(*store, request_transfer("1", "a", "b", 30));
    spy_bus bus{*store};
    process_runner runner{*store};
    runner.add<transfer_process>(bus);
    bus.conflicts = 1000;
    CHECK(error_of([&] { runner.catch_up(); }).says(" failed after "));
    CHECK(balance(*store, "a") == 100);
    bus.conflicts = 3;
    runner.catch_up();
    CHECK(story(*store, "transfer-1") == "TransferRequested TransferCompleted");
}

STORE_TEST_CASE(store, "a command for a tombstoned stream is rejected") {
    open_wallets(*store);
    send(*store, request_transfer("1", "a", "b", 30));
    spy_bus bus{*store};
    bus.before_send = [&](const google::protobuf::Message& command) {
        if (dynamic_cast<const CompleteTransfer*>(&command) != nullptr)
            REQUIRE(store->tombstone_stream(stele::stream_id{"transfer-1"}));
    };
    process_runner runner{*store};
    runner.add<transfer_process>(bus);
    runner.catch_up();
    CHECK(story(*store, "transfer_process-1") ==
          "ProcessEventHandled ProcessEventHandled ProcessEventHandled ProcessCommandRejected");
}
