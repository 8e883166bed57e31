// Deadlines of process managers: sent once and when due, cancelled, replaced, kept over restarts.

#include "support/stores.hpp"
#include "support/transfer_helpers.hpp"

#include <optional>
#include <string>
#include <vector>

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

/// Does to its deadline what the letters of the transfer say: sets it soon or late, or cancels it.
struct fickle_process {
    static constexpr auto name = "fickle_process";
    static constexpr auto events = hana::tuple_t<MoneyPut>;
    static constexpr auto commands = hana::tuple_t<CloseWallet>;
    static constexpr auto soon = 100h;
    static constexpr auto late = 200h;
    static std::string instance_id(const MoneyPut&) { return "a"; }

    void evolve(const auto&) {}
    stele::reaction<fickle_process> react(const MoneyPut& event) const {
        stele::reaction<fickle_process> turn;
        for (const char word : event.transfer()) {
            if (word == 'c')
                turn.cancel("alarm");
            else
                turn.after(word == 's' ? soon : late, "alarm", close_wallet("a"));
        }
        return turn;
    }
    stele::reaction<fickle_process> react(const stele::rejected<CloseWallet>&) const { return {}; }
};

class closing_bank {
public:
    closing_bank(stele::event_store& events, stele::manual_clock& time) : clock(time), store_(events) {}

    void catch_up() {
        transfer_bus bus{store_};
        process_runner runner{store_, {.now = clock.reader()}};
        runner.add<closing_process>(bus);
        runner.catch_up();
    }
    [[nodiscard]] std::size_t deadlines() const { return store_.list_documents("deadline").size(); }
    [[nodiscard]] std::string wallet() const { return story(store_, "wallet-a"); }

    stele::manual_clock& clock;

private:
    stele::event_store& store_;
};

PutMoney put_money(const std::string& transfer = {}) {
    PutMoney command;
    command.set_wallet("a");
    command.set_transfer(transfer);
    command.set_amount(1);
    return command;
}

}  // namespace

STORE_TEST_CASE(store, "a command is sent once, when it is due") {
    stele::manual_clock clock{stele::timestamp{1000h}};
    store.follow(clock);
    send(*store, open_wallet("a", 1));
    {
        closing_bank bank{*store, clock};
        bank.catch_up();
        CHECK(bank.deadlines() == 2);
        bank.clock.advance(5h - 1us);
        bank.catch_up();
        CHECK(bank.wallet() == "WalletOpened");
    }
    store.reopen();
    closing_bank bank{*store, clock};
    bank.clock.advance(1us);
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
    stele::manual_clock clock{stele::timestamp{1000h}};
    store.follow(clock);
    send(*store, open_wallet("a", 0));
    closing_bank bank{*store, clock};
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
    transfer_bus bus{*store};
    process_runner runner{*store};
    runner.add<transfer_process>(bus, {.skip_deadlines_older_than = std::chrono::microseconds::max()});
    runner.catch_up();
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

STORE_TEST_CASE(store, "a journal whose entries were all truncated is continued at its version") {
    send(*store, open_wallet("a", 0));
    transfer_bus bus{*store};
    process_runner runner{*store};
    runner.add<fickle_process>(bus);
    send(*store, put_money("s"));
    runner.catch_up();
    const stele::stream_id journal{"fickle_process-a"};
    const auto end = store->stream_version(journal);
    REQUIRE(end.value > 0);
    REQUIRE(store->truncate_stream(journal, end.next()));
    send(*store, put_money("l"));
    runner.catch_up();
    CHECK(store->stream_version(journal) > end);
}

STORE_TEST_CASE(store, "a cached instance acts as one that is loaded, also after its journal was truncated") {
    stele::manual_clock clock{stele::timestamp{1000h}};
    store.follow(clock);
    for (const std::string wallet : {"a", "b"}) {
        CAPTURE(wallet);
        const std::size_t cached = wallet == "a" ? 100 : 0;
        send(*store, open_wallet(wallet, 0));
        transfer_bus bus{*store};
        process_runner runner{*store, {.now = clock.reader(), .cached_instances = cached}};
        runner.add<closing_process>(bus);
        runner.catch_up();
        CHECK(store->list_documents("deadline").size() == 2);
        const stele::stream_id journal{"closing_process", wallet};
        REQUIRE(store->truncate_stream(journal, store->stream_version(journal).next()));
        clock.advance(20h);
        runner.catch_up();  // with the journal, it has forgotten its deadlines
        CHECK(stele::load<testing::wallet>(*store, stele::stream_id{"wallet", wallet}).state.open);
        CHECK(store->list_documents("deadline").empty());
    }
}

// The last word in a turn counts, whatever came before it, in this turn or an earlier one.
STORE_TEST_CASE(store, "a deadline may be set, set again and cancelled in any order in one turn") {
    stele::manual_clock clock{stele::timestamp{1000h}};
    store.follow(clock);
    send(*store, open_wallet("a", 0));
    transfer_bus bus{*store};
    process_runner runner{*store, {.now = clock.reader()}};
    runner.add<fickle_process>(bus);
    std::vector<std::string> turns{""};
    for (std::size_t n = 0; n < turns.size() && turns[n].size() < 4; ++n)
        for (const char word : {'s', 'l', 'c'}) turns.push_back(turns[n] + word);
    std::optional<std::chrono::hours> expected;
    for (const auto& turn : turns) {
        CAPTURE(turn);
        send(*store, put_money(turn));
        runner.catch_up();
        if (!turn.empty()) {
            expected = turn.back() == 'c'
                           ? std::nullopt
                           : std::optional{turn.back() == 's' ? fickle_process::soon : fickle_process::late};
        }
        CHECK(store->list_documents("deadline").size() == (expected ? 1 : 0));
        const auto due = runner.status().front().next_deadline;
        CHECK(due == (expected ? std::optional{clock.now() + *expected} : std::nullopt));
    }
    CHECK(runner.status().front().lag_events == 0);
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
