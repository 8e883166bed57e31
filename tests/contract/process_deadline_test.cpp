// Deadlines of process managers: sent once and when due, cancelled, replaced, kept over restarts.

#include "support/stores.hpp"
#include "support/transfer_helpers.hpp"

using namespace testing;
using namespace std::chrono_literals;

namespace {

/// Sets two deadlines when a wallet opens, again and earlier when money is put; closing the wallet is their command.
struct closing_process {
    static constexpr auto name = "closing_process";
    static constexpr auto events = hana::tuple_t<WalletOpened, MoneyPut, MoneyTaken>;
    static constexpr auto commands = hana::tuple_t<CloseWallet, TakeMoney>;
    using reaction = stele::reaction<closing_process>;

    static std::string instance_id(const auto&, const stele::recorded_event& at) {
        return std::string{stele::instance_id_of(at.stream)};
    }

    std::string wallet;

    void evolve(const WalletOpened&, const stele::recorded_event& at) { wallet = stele::instance_id_of(at.stream); }
    void evolve(const MoneyPut&) {}
    void evolve(const MoneyTaken&) {}
    void evolve(const auto&) {}

    reaction react(const WalletOpened&) const {
        return reaction{}.after(10h, "close", close_wallet(wallet)).after(5h, "take", take(1000));
    }
    reaction react(const MoneyPut&) const { return reaction{}.after(1h, "close", close_wallet(wallet)); }
    reaction react(const MoneyTaken&) const { return reaction{}.cancel("close").cancel("never set"); }
    // The wallet did not have that much: tries again with less.
    reaction react(const stele::rejected<TakeMoney>& r) const { return reaction{}.send(take(r.command.amount() / 10)); }
    reaction react(const auto&) const { return {}; }

private:
    [[nodiscard]] TakeMoney take(std::int64_t amount) const {
        TakeMoney command;
        command.set_wallet(wallet);
        command.set_amount(amount);
        return command;
    }
};

class closing_bank {
public:
    explicit closing_bank(stele::event_store& events) : store_(events) {}

    void catch_up() {
        transfer_bus bus{store_};
        process_runner runner{store_, {.now = clock.reader()}};
        runner.add<closing_process>(bus);
        runner.catch_up();
    }
    [[nodiscard]] std::size_t deadlines() const { return store_.list_documents("deadline").size(); }
    [[nodiscard]] std::string wallet() const { return story(store_, "wallet-a"); }

    stele::manual_clock clock{stele::timestamp{1000h}};

private:
    stele::event_store& store_;
};

PutMoney put_money() {
    PutMoney command;
    command.set_wallet("a");
    command.set_amount(1);
    return command;
}

}  // namespace

STORE_TEST_CASE(store, "a command is sent once, when it is due") {
    send(*store, open_wallet("a", 1));
    stele::manual_clock clock{stele::timestamp{1000h}};
    {
        closing_bank bank{*store};
        bank.catch_up();
        CHECK(bank.deadlines() == 2);
        bank.clock.advance(5h - 1us);
        bank.catch_up();
        CHECK(bank.wallet() == "WalletOpened");
    }
    store.reopen();
    closing_bank bank{*store};
    bank.clock.advance(5h);
    bank.catch_up();
    // 1000, 100 and 10 were too much; the event of the deadline cancelled the other one.
    CHECK(bank.wallet() == "WalletOpened MoneyTaken");
    CHECK(bank.deadlines() == 0);
    CHECK(story(*store, "closing_process-a") ==
          "ProcessEventHandled ProcessDeadlineSet ProcessDeadlineSet ProcessDeadlinePassed ProcessCommandRejected "
          "ProcessCommandRejected ProcessCommandRejected ProcessEventHandled ProcessDeadlineCancelled");
    bank.clock.advance(100h);
    const auto head = store->head();
    bank.catch_up();
    CHECK(store->head() == head);
}

STORE_TEST_CASE(store,
                "a deadline that is set again replaces the first, and deadlines fire in the order of their times") {
    send(*store, open_wallet("a", 0));
    closing_bank bank{*store};
    bank.catch_up();
    send(*store, put_money());
    bank.catch_up();
    CHECK(bank.deadlines() == 2);
    bank.clock.advance(1h);
    bank.catch_up();
    CHECK(bank.wallet() == "WalletOpened MoneyPut WalletClosed");
    CHECK(bank.deadlines() == 1);
}

STORE_TEST_CASE(store, "a deadline in the past is due immediately, even one before 1970") {
    open_wallets(*store);
    send(*store, request_transfer("late", "a", "b", 30, -9'000'000'000s));
    send(*store, request_transfer("early", "a", "b", 30, 9'000'000'000s));
    catch_up(*store);
    CHECK(story(*store, "transfer-late") == "TransferRequested TransferCompleted");
    CHECK(story(*store, "transfer-early") == "TransferRequested");
    catch_up(*store, {.now = [] { return stele::timestamp::max(); }});
    CHECK(story(*store, "transfer-early") == "TransferRequested TransferCompleted");
}

STORE_TEST_CASE(store, "an event in time cancels a deadline") {
    open_wallets(*store);
    send(*store, request_transfer("1", "a", "b", 30, 1h));
    catch_up(*store);
    send(*store, cancel_transfer("1"));
    catch_up(*store, {.now = [] { return stele::timestamp::max(); }});
    CHECK(story(*store, "transfer-1") == "TransferRequested TransferCancelled TransferFailed(cancelled)");
    CHECK(balance(*store, "a") == 100);
    CHECK(store->list_documents("deadline").empty());
}

STORE_TEST_CASE(store, "deleting a journal removes the deadlines of the instance") {
    open_wallets(*store);
    send(*store, request_transfer("1", "a", "b", 30, 1h));
    catch_up(*store);
    REQUIRE(store->delete_stream(stele::stream_id{"transfer_process-1"}));
    catch_up(*store, {.now = [] { return stele::timestamp::max(); }});
    CHECK(balance(*store, "a") == 100);
    CHECK(store->list_documents("deadline").empty());
}
