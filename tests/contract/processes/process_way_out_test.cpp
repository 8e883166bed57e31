// What a person can do for a process that cannot go on, and what the errors say.

#include "support/mover.hpp"
#include "support/stores.hpp"

#include <new>

using namespace testing;
using namespace std::chrono_literals;

namespace {

/// A process as an earlier program had it, and as later ones have it: without one of its events, or commands.
enum class edition : std::uint8_t { first, without_event, ignoring_event, without_command };

template <edition Edition>
struct changing_base {};
template <>
struct changing_base<edition::ignoring_event> {
    static constexpr auto ignored = hana::tuple_t<MoneyPut>;
};

template <edition Edition>
constexpr auto events_of() {
    if constexpr (Edition == edition::without_event || Edition == edition::ignoring_event)
        return hana::tuple_t<MoneyTaken>;
    else
        return hana::tuple_t<MoneyTaken, MoneyPut>;
}
template <edition Edition>
constexpr auto commands_of() {
    if constexpr (Edition == edition::without_command)
        return hana::tuple_t<PutMoney>;
    else
        return hana::tuple_t<PutMoney, CloseWallet>;
}

/// Counts what it handles, and puts the count into the wallet w when something is taken.
template <edition Edition>
struct changing : changing_base<Edition> {
    static constexpr auto name = "changing";
    static constexpr auto events = events_of<Edition>();
    static constexpr auto commands = commands_of<Edition>();
    using reaction = stele::reaction<changing>;
    static std::string instance_id(const auto& event) { return event.transfer(); }
    std::int64_t count = 0;
    void evolve(const MoneyTaken&) { ++count; }
    void evolve(const MoneyPut&) { count += 10; }
    template <class Command>
    void evolve(const stele::rejected<Command>&) {}
    reaction react(const MoneyTaken& event) const {
        PutMoney put;
        put.set_wallet("w");
        put.set_transfer(event.transfer());
        put.set_amount(count);
        reaction all;
        all.send(put);
        if constexpr (Edition == edition::first)
            if (event.amount() == 7) all.after(1h, "close", close_wallet("w"));
        return all;
    }
    reaction react(const MoneyPut&) const { return {}; }
    template <class Command>
    reaction react(const stele::rejected<Command>&) const {
        return {};
    }
};

template <edition Edition>
void run_edition(stele::event_store& store, stele::manual_clock& clock) {
    transfer_bus bus{store};
    process_runner runner{store, {.now = clock.reader()}};
    runner.add<changing<Edition>>(bus);
    runner.catch_up();
}

/// Fails in whatever way the test says.
struct fragile {
    static constexpr auto name = "fragile";
    static constexpr auto on_fault = stele::on_fault::dead_letter;
    static constexpr auto events = hana::tuple_t<MoneyTaken>;
    static constexpr auto commands = hana::tuple_t<PutMoney, TakeMoney>;
    using reaction = stele::reaction<fragile>;
    static inline std::function<void(std::string_view where, std::int64_t amount)> fail = [](auto, auto) {};
    static inline std::string wallet = "w";

    static std::string instance_id(const MoneyTaken& event) {
        fail("instance_id", event.amount());
        return event.transfer();
    }
    void evolve(const MoneyTaken& event) { fail("evolve", event.amount()); }
    template <class Command>
    void evolve(const stele::rejected<Command>&) {}
    reaction react(const MoneyTaken& event) const {
        fail("react", event.amount());
        PutMoney put;
        put.set_wallet(wallet);
        put.set_transfer(event.transfer());
        put.set_amount(event.amount());
        if (event.amount() == 20) return reaction{}.after(1h, "poison", put);
        if (event.amount() == 30) return reaction{}.send(put).send(PutMoney{});
        return reaction{}.send(put);
    }
    template <class Command>
    reaction react(const stele::rejected<Command>&) const {
        return {};
    }
};

}  // namespace

STORE_TEST_CASE(store, "an event that the process no longer lists is missing from the state") {
    send(*store, open_wallet("w"));
    stele::manual_clock clock{stele::timestamp{1000h}};
    take(*store, "i", 1);
    run_edition<edition::first>(*store, clock);
    CHECK(put_by(*store, "i") == amounts{1});
    take(*store, "i", 1);
    run_edition<edition::first>(*store, clock);
    CHECK(put_by(*store, "i") == amounts{1, 12});
    take(*store, "i", 1);
    run_edition<edition::without_event>(*store, clock);
    CHECK(put_by(*store, "i") == amounts{1, 12, 3});
    take(*store, "i", 1);
    run_edition<edition::ignoring_event>(*store, clock);
    CHECK(put_by(*store, "i") == amounts{1, 12, 3, 4});
}

STORE_TEST_CASE(store, "a command that the process no longer lists is asked for, where it is needed") {
    stele::manual_clock clock{stele::timestamp{1000h}};
    store.follow(clock);
    send(*store, open_wallet("w"));
    take(*store, "i", 7);
    run_edition<edition::first>(*store, clock);
    clock.advance(2h);
    const auto failure = error_of([&] { run_edition<edition::without_command>(*store, clock); });
    CHECK(failure.kind == stele::error_kind::undecodable);
    CHECK(
        failure.says("The journal changing-i holds a command testing.CloseWallet, which the process does not list. "
                     "Keep the message in its `commands`."));
    run_edition<edition::first>(*store, clock);
    CHECK(story(*store, "wallet-w") == "WalletOpened MoneyPut WalletClosed");
}

STORE_TEST_CASE(store, "a process cannot begin beyond the end of the store") {
    send(*store, open_wallet("w"));
    transfer_bus bus{*store};
    process_runner runner{*store};
    const auto failure = error_of([&] { runner.add<fragile>(bus, {.after = {50}}); });
    CHECK(failure.kind == stele::error_kind::other_store);
    CHECK(failure.says("process fragile: it is to begin after position 50, and the store ends at 1;"));
    fragile::fail = [](auto, auto) {};
    runner.add<fragile>(bus, {.after = store->head()});
    take(*store, "i", 1);
    runner.catch_up();
    CHECK(put_by(*store, "i") == amounts{1});
}

STORE_TEST_CASE(store, "a dead letter can be dropped for good; what waits behind it goes on") {
    send(*store, open_wallet("w"));
    fragile::fail = [](std::string_view where, std::int64_t amount) {
        if (where == "react" && amount == 13) throw std::runtime_error("out of order");
    };
    take(*store, "i", 13);
    take(*store, "i", 2);
    transfer_bus bus{*store};
    process_runner runner{*store};
    runner.add<fragile>(bus);
    runner.catch_up();
    const auto letters = runner.dead_letters<fragile>();
    REQUIRE(letters.size() == 2);
    CHECK_FALSE(runner.discard_dead_letter<fragile>(letters[0].position, "j"));
    CHECK_FALSE(runner.discard_dead_letter<fragile>(stele::position{}, "i"));
    CHECK(runner.discard_dead_letter<fragile>(letters[0].position, "i"));
    CHECK_FALSE(runner.discard_dead_letter<fragile>(letters[0].position, "i"));
    CHECK(runner.dead_letters<fragile>().size() == 1);
    CHECK(runner.replay_dead_letters<fragile>().applied == 1);
    take(*store, "i", 3);
    runner.catch_up();
    CHECK(put_by(*store, "i") == amounts{2, 3});
    CHECK(error_of([&] { runner.discard_dead_letter("nobody", {1}, "i"); }).kind ==
          stele::error_kind::invalid_argument);
}

STORE_TEST_CASE(store, "a deadline that cannot fire can be dropped for good") {
    stele::manual_clock clock{stele::timestamp{1000h}};
    store.follow(clock);
    send(*store, open_wallet("w"));
    fragile::fail = [](auto, auto) {};
    spy_bus bus{*store};
    bus.before_send = [&](const google::protobuf::Message& command) {
        const auto* const put = dynamic_cast<const PutMoney*>(&command);
        if (put != nullptr && put->amount() == 20) throw std::runtime_error("out of order");
    };
    process_runner runner{*store, {.now = clock.reader()}};
    runner.add<fragile>(bus);
    take(*store, "i", 20);
    runner.catch_up();
    clock.advance(2h);
    runner.catch_up();
    take(*store, "i", 1);
    runner.catch_up();
    const auto letters = runner.dead_letters<fragile>();
    REQUIRE(letters.size() == 2);
    CHECK(letters[0].type == "stele.v1.ProcessDeadlineSet");
    CHECK(runner.discard_dead_letter<fragile>(letters[0].position, "i"));
    CHECK(store->list_documents("deadline").empty());
    CHECK(runner.replay_dead_letters<fragile>().applied == 1);
    runner.catch_up();
    CHECK(runner.dead_letters<fragile>().empty());
    CHECK(put_by(*store, "i") == amounts{1});
    CHECK(story(*store, "fragile-i") ==
          "ProcessEventHandled ProcessDeadlineSet ProcessDeadlineCancelled ProcessEventHandled");
}

STORE_TEST_CASE(store, "a process that sends another command than before is told so") {
    send(*store, open_wallet("w"));
    send(*store, open_wallet("v"));
    fragile::fail = [](auto, auto) {};
    fragile::wallet = "w";
    take(*store, "i", 30);
    transfer_bus bus{*store};
    process_runner runner{*store};
    runner.add<fragile>(bus);
    runner.catch_up();
    fragile::wallet = "v";
    CHECK(runner.replay_dead_letters<fragile>().left == 1);
    const auto letters = runner.dead_letters<fragile>();
    CHECK(letters.at(0).error ==
          "fragile-i sent testing.PutMoney for wallet-w in this place before, and would send testing.PutMoney for "
          "wallet-v now. Until an event or a deadline is handled, a process must send the same commands in the same "
          "order.");
    fragile::wallet = "w";
}

STORE_TEST_CASE(store, "running out of memory is not the fault of an event") {
    send(*store, open_wallet("w"));
    int number = 0;
    for (const std::string failing : {"instance_id", "evolve", "react", "folding"}) {
        for (const std::size_t cached : {0U, 1000U}) {
            CAPTURE(failing);
            if (failing == "folding" && cached > 0) continue;  // nothing is folded
            const auto instance = std::to_string(++number);
            fragile::fail = [](auto, auto) {};
            transfer_bus bus{*store};
            process_runner runner{*store, {.cached_instances = cached}};
            runner.add<fragile>(bus);
            take(*store, instance, 1);
            runner.catch_up();
            take(*store, instance, 2);
            const std::int64_t at = failing == "folding" ? 1 : 2;
            fragile::fail = [&](std::string_view where, std::int64_t amount) {
                if (amount != at || where != (failing == "folding" ? "evolve" : failing)) return;
                throw std::bad_alloc{};
            };
            CHECK_THROWS(runner.catch_up());
            CHECK(runner.dead_letters<fragile>().empty());
            fragile::fail = [](auto, auto) {};
            runner.catch_up();
            CHECK(put_by(*store, instance) == amounts{1, 2});
        }
    }
}
