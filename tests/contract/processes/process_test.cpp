// Process managers: every event is handled once, every command is decided once, and steps are compensated.

#include "support/stores.hpp"
#include "support/transfer_helpers.hpp"

using namespace testing;
using namespace std::chrono_literals;

STORE_TEST_CASE(store, "a process sends its commands to the aggregates and reacts to their events") {
    open_wallets(*store);
    send(*store, request_transfer("1", "a", "b", 30));
    catch_up(*store);
    CHECK(balance(*store, "a") == 70);
    CHECK(balance(*store, "b") == 30);
    CHECK(story(*store, "transfer-1") == "TransferRequested TransferCompleted");
    CHECK(story(*store, "transfer_process-1") == "ProcessEventHandled ProcessEventHandled ProcessEventHandled");

    const auto head = store->head();
    catch_up(*store);
    store.reopen();
    catch_up(*store);
    CHECK(store->head() == head);
}

STORE_TEST_CASE(store, "a command carries what caused it") {
    open_wallets(*store);
    REQUIRE(
        transfer_bus{*store}.send(request_transfer("1", "a", "b", 30), {.metadata = {.correlation_id = "request 7"}}));
    catch_up(*store);
    stele::uuid requested;
    for (const auto& event : store->read_stream(stele::stream_id{"transfer-1"}).events())
        if (event.version.value == 1) requested = event.id;
    for (const auto& event : store->read_stream(stele::stream_id{"wallet-a"}, {.after = {1}}).events()) {
        const auto about = stele::decode_metadata(event.metadata);
        CHECK(about.correlation_id == "request 7");
        CHECK(about.causation_id == requested.str());
        CHECK(about.actor == "transfer_process");
    }
}

STORE_TEST_CASE(store, "a process reacts to a rejected command and compensates") {
    open_wallets(*store);
    send(*store, request_transfer("poor", "a", "b", 101));
    send(*store, request_transfer("nowhere", "a", "c", 30));
    catch_up(*store);
    CHECK(story(*store, "transfer-poor") == "TransferRequested TransferFailed(too_little)");
    CHECK(story(*store, "transfer_process-poor") == "ProcessEventHandled ProcessCommandRejected");
    CHECK(story(*store, "transfer-nowhere") == "TransferRequested TransferFailed(not_open)");
    CHECK(story(*store, "wallet-a") == "WalletOpened MoneyTaken MoneyPut");
    CHECK(balance(*store, "a") == 100);
}

STORE_TEST_CASE(store, "a rejection leads to a command that is rejected as well") {
    open_wallets(*store);
    send(*store, request_transfer("1", "a", "c", 30));
    // The source is closed between the two halves of the transfer.
    spy_bus bus{*store};
    bus.before_send = [&](const google::protobuf::Message& command) {
        const auto* put = dynamic_cast<const PutMoney*>(&command);
        if (put != nullptr && put->wallet() == "c") send(*store, close_wallet("a"));
    };
    process_runner runner{*store};
    runner.add<transfer_process>(bus);
    runner.catch_up();
    CHECK(story(*store, "transfer-1") == "TransferRequested TransferFailed(not_open+not_open)");
    CHECK(balance(*store, lost_and_found) == 30);
    CHECK(story(*store, "transfer_process-1") ==
          "ProcessEventHandled ProcessEventHandled ProcessCommandRejected ProcessCommandRejected ProcessEventHandled");
    // Folding the journal, with its rejections, gives the same state.
    catch_up(*store, {.cached_instances = 0});
}

STORE_TEST_CASE(store, "a process may start at a later position, and remembers it") {
    open_wallets(*store);
    send(*store, request_transfer("old", "a", "b", 30));
    transfer_bus bus{*store};
    {
        process_runner runner{*store};
        runner.add<transfer_process>(bus, {.after = store->head()});
    }
    send(*store, request_transfer("new", "a", "b", 1));
    catch_up(*store);
    CHECK(story(*store, "transfer-old") == "TransferRequested");
    CHECK(story(*store, "transfer-new") == "TransferRequested TransferCompleted");
}

STORE_TEST_CASE(store, "a started runner runs in the background, and can be stopped and started again") {
    open_wallets(*store);
    transfer_bus bus{*store};
    process_runner runner{*store};
    runner.add<transfer_process>(bus);
    runner.start();
    CHECK_THROWS_AS(runner.add<transfer_process>(bus), stele::error);
    const auto transfer_and_wait = [&](const std::string& name) {
        send(*store, request_transfer(name, "a", "b", 1));
        auto seen = stele::position{};
        while (story(*store, "transfer-" + name) != "TransferRequested TransferCompleted")
            seen = store->wait_for_append(seen, 10s);
        CHECK(runner.wait_for<transfer_process>(seen, 10s));
    };
    transfer_and_wait("1");
    runner.stop();
    runner.start();
    transfer_and_wait("2");
}

STORE_TEST_CASE(store, "a process has a status, and a failed wait says why") {
    open_wallets(*store);
    transfer_bus bus{*store};
    process_runner runner{*store};
    runner.add<transfer_process>(bus);
    auto status = runner.status().at(0);
    CHECK(status.name == "transfer_process");
    CHECK(status.state == stele::process_state::stopped);
    CHECK(status.message() == "transfer_process: stopped, at 0 of 3 (3 behind)");
    const auto waited = runner.wait_for<transfer_process>(store->head(), 0ms);
    REQUIRE_FALSE(waited);
    CHECK(waited.error().message() ==
          "process transfer_process has not reached position 3; it is stopped, at 0 of 3 (3 behind); call start() or "
          "catch_up() to run it");

    send(*store, request_transfer("late", "a", "b", 20, 1h));
    runner.start();
    CHECK(*runner.wait_for<transfer_process>({4}, 10s) >= stele::position{4});
    status = runner.status().at(0);
    CHECK(status.last_error.empty());
    REQUIRE(status.next_deadline);
    CHECK(*status.next_deadline > std::chrono::system_clock::now() + 30min);
    runner.stop();
    CHECK(runner.status().at(0).state == stele::process_state::stopped);
}

TEST_CASE(
    "a process whose command no aggregate of the bus decides is refused, also where the compiler does not see it") {
    stele::memory_store store;
    stele::command_bus<wallet> bus{store};
    stele::command_bus_base& hidden = bus;
    process_runner runner{store};
    CHECK(
        error_of([&] { runner.add<transfer_process>(hidden); })
            .message.starts_with("No aggregate of the bus decides the command testing.CompleteTransfer of the process "
                                 "transfer_process"));
    CHECK(error_of([&] { (void)hidden.send(request_transfer("1", "a", "b", 1)); }).message ==
          "No aggregate of this bus decides the command testing.RequestTransfer.");
}

STORE_TEST_CASE(store, "a stream that is not a journal is recognised") {
    open_wallets(*store);
    const std::vector events{stele::encode(WalletClosed{})};
    REQUIRE(store->append(stele::stream_id{"transfer_process-1"}, stele::expected_version::no_stream(), events));
    send(*store, request_transfer("1", "a", "b", 1));
    transfer_bus bus{*store};
    process_runner runner{*store};
    runner.add<transfer_process>(bus);
    CHECK(error_of([&] { runner.catch_up(); }).says("rename the process or the aggregate"));
    CHECK(balance(*store, "a") == 100);
}

STORE_TEST_CASE(store, "a process stores its position when many events are not its own") {
    catch_up(*store);
    const auto checkpoint = [&] { return store->find_document("process", "transfer_process")->value; };
    const auto before = checkpoint();
    REQUIRE(store->append(stele::stream_id{"other-1"}, stele::expected_version::any(), make_events(500)));
    catch_up(*store);
    CHECK(checkpoint() == before);
    REQUIRE(store->append(stele::stream_id{"other-1"}, stele::expected_version::any(), make_events(500)));
    catch_up(*store);
    CHECK(checkpoint() != before);
}
