// The order in which deadlines and events get their turn.

#include "support/mover.hpp"
#include "support/spy_store.hpp"
#include "support/stores.hpp"

#include <concepts>
#include <thread>

using namespace testing;
using namespace std::chrono_literals;

namespace {

PutMoney put(const std::string& wallet, const std::string& transfer) {
    PutMoney command;
    command.set_wallet(wallet);
    command.set_transfer(transfer);
    command.set_amount(1);
    return command;
}

/// Tries after an hour, and gives up after two unless that has helped.
struct patient {
    static constexpr auto name = "patient";
    static constexpr auto events = hana::tuple_t<TransferRequested, MoneyPut>;
    static constexpr auto commands = hana::tuple_t<PutMoney, FailTransfer>;
    using reaction = stele::reaction<patient>;
    static std::string instance_id(const auto& event) { return event.transfer(); }
    void evolve(const auto&) {}
    reaction react(const TransferRequested& event) const {
        FailTransfer failed;
        failed.set_transfer(event.transfer());
        return reaction{}.after(1h, "try", put("b", event.transfer())).after(2h, "give up", failed);
    }
    reaction react(const MoneyPut&) const { return reaction{}.cancel("give up"); }
    template <class Command>
    reaction react(const stele::rejected<Command>&) const {
        return {};
    }
};

/// Tries again and again, after no time at all. Throws rather than try for ever.
struct stubborn {
    static constexpr auto name = "stubborn";
    static constexpr auto events = hana::tuple_t<TransferRequested>;
    static constexpr auto commands = hana::tuple_t<PutMoney>;
    using reaction = stele::reaction<stubborn>;
    static inline std::atomic<int> tries = 0;
    static inline std::atomic<int> most_tries = 100;
    static std::string instance_id(const TransferRequested& event) { return event.transfer(); }
    void evolve(const auto&) {}
    reaction react(const TransferRequested& event) const { return reaction{}.send(put(event.to(), event.transfer())); }
    reaction react(const stele::rejected<PutMoney>& no) const {
        if (++tries > most_tries) throw std::runtime_error("tried too often");
        return reaction{}.after(-1h, "past", no.command).after(0s, "now", no.command).cancel("past");
    }
};

/// Sets deadlines for one instant.
struct punctual {
    static constexpr auto name = "punctual";
    static constexpr auto events = hana::tuple_t<MoneyTaken>;
    static constexpr auto commands = hana::tuple_t<PutMoney>;
    using reaction = stele::reaction<punctual>;
    static std::string instance_id(const MoneyTaken& event) { return event.transfer(); }
    void evolve(const auto&) {}
    reaction react(const MoneyTaken& event) const {
        const stele::timestamp noon{12h};
        return reaction{}
            .at(noon, "z", put("w", event.transfer() + "z"))
            .at(noon - 1h, "y", put("w", event.transfer() + "y"))
            .at(noon, "a", put("w", event.transfer() + "a"));
    }
    reaction react(const stele::rejected<PutMoney>&) const { return {}; }
};

/// Sets a deadline at the first event, and cannot take the second.
struct choking {
    static constexpr auto name = "choking";
    static constexpr auto on_fault = stele::on_fault::dead_letter;
    static constexpr auto events = hana::tuple_t<MoneyTaken>;
    static constexpr auto commands = hana::tuple_t<PutMoney>;
    using reaction = stele::reaction<choking>;
    static inline std::atomic<bool> is_fixed = false;
    static std::string instance_id(const MoneyTaken& event) { return event.transfer(); }
    void evolve(const auto&) {}
    reaction react(const MoneyTaken& event) const {
        if (event.amount() == 13 && !is_fixed) throw std::runtime_error("out of order");
        if (event.amount() == 1) return reaction{}.after(1h, "late", put("w", event.transfer()));
        return {};
    }
    reaction react(const stele::rejected<PutMoney>&) const { return {}; }
};

/// Closes the wallet "now" as early as can be told, and others as late.
struct extreme {
    static constexpr auto name = "extreme";
    static constexpr auto events = hana::tuple_t<WalletOpened>;
    static constexpr auto commands = hana::tuple_t<CloseWallet>;
    using reaction = stele::reaction<extreme>;
    static std::string instance_id(const WalletOpened&, const stele::recorded_event& at) {
        return std::string{stele::instance_id_of(at.stream)};
    }
    void evolve(const auto&) {}
    reaction react(const WalletOpened&, const stele::recorded_event& at) const {
        const std::string wallet{stele::instance_id_of(at.stream)};
        if (wallet == "now") return reaction{}.after(std::chrono::hours::min(), "close", close_wallet(wallet));
        return reaction{}.after(std::chrono::hours::max(), "close", close_wallet(wallet));
    }
    reaction react(const stele::rejected<CloseWallet>&) const { return {}; }
};

}  // namespace

STORE_TEST_CASE(store, "after a time without a program, deadlines fire as if it had run all the time") {
    stele::manual_clock clock{stele::timestamp{1000h}};
    store.follow(clock);
    open_wallets(*store);
    int number = 0;
    for (const std::vector<std::chrono::minutes>& steps :
         {std::vector{61min, 120min}, std::vector{181min}, std::vector{59min, 1min, 59min, 1min, 1min}}) {
        for (const bool in_background : {false, true}) {
            const auto name = std::to_string(++number);
            CAPTURE(name);
            transfer_bus bus{*store};
            process_runner runner{*store, {.now = clock.reader()}};
            runner.add<patient>(bus);
            send(*store, request_transfer(name, "a", "b", 1));
            runner.catch_up();
            for (const auto step : steps) {
                clock.advance(step);
                if (!in_background) {
                    runner.catch_up();
                    continue;
                }
                runner.start();
                auto seen = stele::position{};
                while (runner.status().at(0).next_deadline.value_or(stele::timestamp::max()) <= clock.now())
                    seen = store->wait_for_append(seen, 10ms);
                runner.stop();
            }
            CHECK(story(*store, "transfer-" + name) == "TransferRequested");
            CHECK(story(*store, "patient-" + name) ==
                  "ProcessEventHandled ProcessDeadlineSet ProcessDeadlineSet ProcessDeadlinePassed "
                  "ProcessEventHandled ProcessDeadlineCancelled");
        }
    }
}

STORE_TEST_CASE(store, "a deadline that is set again and again for now keeps nothing else from its turn") {
    stele::manual_clock clock{stele::timestamp{1000h}};
    store.follow(clock);
    open_wallets(*store);
    transfer_bus bus{*store};
    process_runner runner{*store, {.now = clock.reader(), .attempts = 1}};
    runner.add<stubborn>(bus);
    stubborn::tries = 0;
    stubborn::most_tries = 100;
    for (const auto* const name : {"x", "y"}) send(*store, request_transfer(name, "a", "closed", 1));
    runner.catch_up();
    for (int round = 1; round <= 3; ++round) {
        const int before = stubborn::tries;
        runner.catch_up();
        CHECK(stubborn::tries == before + 2);  // one for each instance
    }
    send(*store, request_transfer("other", "a", "b", 1));
    runner.catch_up();
    CHECK(balance(*store, "b") == 1);

    stubborn::most_tries = 1'000'000;
    runner.start();
    while (stubborn::tries < 50) static_cast<void>(store->wait_for_append(store->head(), 1ms));
    send(*store, request_transfer("more", "a", "b", 1));
    CHECK(runner.wait_for<stubborn>(store->head(), 60s));
    runner.stop();
    CHECK(balance(*store, "b") == 2);
}

STORE_TEST_CASE(store, "deadlines of one instant fire in the order of the instances, then of their names") {
    stele::manual_clock clock{stele::timestamp{10h}};
    store.follow(clock);
    send(*store, open_wallet("w"));
    take(*store, "j", 1);
    take(*store, "i", 1);
    transfer_bus bus{*store};
    process_runner runner{*store, {.now = clock.reader()}};
    runner.add<punctual>(bus);
    runner.catch_up();
    clock.advance(5h);
    runner.catch_up();
    std::string order;
    for (const auto& event : store->read_stream(stele::stream_id{"wallet-w"}, {.after = {1}}).events()) {
        MoneyPut done;
        REQUIRE(done.ParseFromString(std::string{event.payload}));
        order += done.transfer() + " ";
    }
    CHECK(order == "iy jy ia iz ja jz ");
}

STORE_TEST_CASE(store, "what waits behind dead letters is looked up once, and replayed in one pass") {
    constexpr std::size_t instances = 60;
    choking::is_fixed = false;
    stele::manual_clock clock{stele::timestamp{1000h}};
    store.follow(clock);
    send(*store, open_wallet("w"));
    for (std::size_t i = 0; i < instances; ++i)
        for (const int amount : {1, 13}) take(*store, std::to_string(i), amount);
    for (std::size_t i = 0; i < instances; ++i) take(*store, "long", i == 0 ? 13 : 2);
    spy_store spy{*store};
    transfer_bus bus{spy};
    process_runner runner{spy, {.now = clock.reader()}};
    runner.add<choking>(bus);
    runner.catch_up();
    CHECK(runner.dead_letters<choking>().size() == 2 * instances);
    clock.advance(2h);
    runner.catch_up();
    spy.documents_listed = 0;
    for (int i = 0; i < 10; ++i) runner.catch_up();
    CHECK(spy.documents_listed < 10 * instances);
    CHECK_FALSE(runner.status().at(0).next_deadline);

    spy.events_read = 0;
    choking::is_fixed = true;
    CHECK(runner.replay_dead_letters<choking>().applied == 2 * instances);
    CHECK(spy.events_read < 10 * instances);
    runner.catch_up();
    CHECK(store->list_documents("deadline").empty());
    CHECK(store->stream_version(stele::stream_id{"wallet-w"}).value == 1 + instances);
}

TEST_CASE("a delay of any length and unit ends at the last time there is") {
    using reaction = stele::reaction<stubborn>;
    const auto delay_of = [](const auto& delay) {
        return reaction{}.after(delay, "late", PutMoney{}).actions().at(0).delay;
    };
    const auto most = std::chrono::microseconds::max();
    CHECK(delay_of(std::chrono::hours::max()) == most);
    CHECK(delay_of(std::chrono::years{300'000}) == most);
    CHECK(delay_of(std::chrono::hours::min()) == std::chrono::microseconds::min());
    CHECK(delay_of(1.5s) == 1'500'000us);
    CHECK(delay_of(1ns) == 1us);

    stele::memory_store store;
    transfer_bus bus{store};
    process_runner runner{store, {.first_backoff = std::chrono::hours::max()}};
    runner.add<stubborn>(bus);
    send(store, open_wallet("w"));
    std::jthread later{[&] { runner.catch_up(); }};
    CHECK(runner.wait_for<stubborn>({1}, std::chrono::hours::max()));
}

STORE_TEST_CASE(store, "the longest delay never ends, and the shortest has ended before it began") {
    send(*store, open_wallet("never"));
    send(*store, open_wallet("now"));
    transfer_bus bus{*store};
    process_runner runner{*store};
    runner.add<extreme>(bus, {.skip_deadlines_older_than = std::chrono::microseconds::max()});
    runner.catch_up();
    CHECK(story(*store, "wallet-now") == "WalletOpened WalletClosed");
    CHECK(story(*store, "wallet-never") == "WalletOpened");
    CHECK(runner.status().at(0).next_deadline == stele::timestamp::max());
}

TEST_CASE("a reaction may be continued in any way") {
    using reaction = stele::reaction<stubborn>;
    static_assert(std::same_as<decltype(reaction{}.cancel("x")), reaction>);
    static_assert(std::same_as<decltype(reaction{}.send(PutMoney{})), reaction>);
    static_assert(std::same_as<decltype(reaction{}.at({}, "x", PutMoney{})), reaction>);
    static_assert(std::same_as<decltype(reaction{}.after(1s, "x", PutMoney{})), reaction>);
    reaction all;
    all = std::move(all).send(PutMoney{});
    all = std::move(all).at({}, "x", PutMoney{});
    all = std::move(all).after(1s, "y", PutMoney{});
    all = std::move(all).cancel("z");
    CHECK(all.actions().size() == 4);
}
