// Many events of a process in one append: what it leads to is what each event leads to alone.

#include "support/spy_store.hpp"
#include "support/stores.hpp"
#include "support/transfer_helpers.hpp"

#include <stele/codec/codec.hpp>
#include <stele/eventstore/memory/memory_store.hpp>

#include <rapidcheck.h>

#include <chrono>
#include <map>
#include <string>
#include <vector>

using namespace testing;
using namespace std::chrono_literals;

namespace {

constexpr int wallets = 5;

/// Puts 1 into each of the wallets that the digits of the amount name, in this order, and counts what was refused.
struct spreading {
    static constexpr auto name = "spreading";
    static constexpr auto events = hana::tuple_t<MoneyTaken>;
    static constexpr auto commands = hana::tuple_t<PutMoney>;
    using reaction = stele::reaction<spreading>;
    static std::string instance_id(const MoneyTaken& event) { return event.transfer(); }

    std::int64_t sum = 0, refused = 0;
    void evolve(const MoneyTaken& event) { sum += event.amount(); }
    void evolve(const stele::rejected<PutMoney>&) { ++refused; }
    reaction react(const MoneyTaken& event) const {
        reaction all;
        for (const char digit : std::to_string(event.amount())) {
            PutMoney put;
            put.set_wallet(std::string{"w"} + digit);
            put.set_transfer(event.transfer() + "." + std::to_string(sum));
            put.set_amount(1 + refused);
            all.send(put);
        }
        return all;
    }
    reaction react(const stele::rejected<PutMoney>&) const { return {}; }
};

/// Sums what is taken; tells the sum when 0 is taken. Amounts below 0 change nothing.
template <bool IsCompared>
struct telling {
    static constexpr auto name = "telling";
    static constexpr auto events = hana::tuple_t<MoneyTaken>;
    static constexpr auto commands = hana::tuple_t<PutMoney>;
    using reaction = stele::reaction<telling>;
    static std::string instance_id(const MoneyTaken& event) { return event.transfer(); }

    std::int64_t sum = 0;
    void evolve(const MoneyTaken& event) { sum += std::max<std::int64_t>(event.amount(), 0); }
    void evolve(const stele::rejected<PutMoney>&) {}
    reaction react(const MoneyTaken& event) const {
        if (event.amount() != 0) return {};
        PutMoney put;
        put.set_wallet("w1");
        put.set_transfer(event.transfer());
        put.set_amount(sum);
        return reaction{}.send(put);
    }
    reaction react(const stele::rejected<PutMoney>&) const { return {}; }
    bool operator==(const telling& other) const
        requires IsCompared
    {
        return sum == other.sum;
    }
};

void take(stele::event_store& store, const std::string& transfer, std::int64_t amount) {
    MoneyTaken event;
    event.set_transfer(transfer);
    event.set_amount(amount);
    REQUIRE(store.append(stele::stream_id{"taken"}, stele::expected_version::any(), stele::encode(event)));
}

/// All but the last wallet.
void open_all(stele::event_store& store) {
    for (int i = 1; i < wallets; ++i) send(store, open_wallet("w" + std::to_string(i)));
}

template <class Process>
void run(stele::event_store& store, const stele::process_runner_options& options = {}) {
    transfer_bus bus{store};
    process_runner runner{store, options};
    runner.add<Process>(bus);
    runner.catch_up();
    CHECK(runner.dead_letters<Process>().empty());
}

/// What each instance has put, in the order of positions: wallet and amount.
std::map<std::string, std::vector<std::string>> puts(stele::event_store& store) {
    std::map<std::string, std::vector<std::string>> all;
    for (const auto& event : store.read_all({.filter = {.categories = {"wallet"}}}).events()) {
        MoneyPut put;
        if (event.type != "testing.MoneyPut" || !put.ParseFromString(std::string{event.payload})) continue;
        all[put.transfer().substr(0, put.transfer().find('.'))].push_back(
            std::string{event.stream} + " " + put.transfer() + " " + std::to_string(put.amount()));
    }
    return all;
}

std::string journal_of(stele::event_store& store, const std::string& instance) {
    return story(store, "spreading-" + instance);
}

}  // namespace

STORE_TEST_CASE(inner, "events of many instances share appends") {
    open_all(*inner);
    constexpr int events = 100;
    for (int i = 0; i < events; ++i) take(*inner, std::to_string(i % 50), 1 + i % 4);
    spy_store store{*inner};
    int appends = 0;
    store.before_append = [&] { ++appends; };
    const auto begun = std::chrono::steady_clock::now();
    run<spreading>(store);
    const auto passed = std::chrono::steady_clock::now() - begun;
    CHECK(appends <= events / 2 + passed / 10ms);  // a batch ends after 10 ms, however few events it has by then
    CHECK(puts(*inner).size() == 50);
    CHECK(journal_of(*inner, "7") == "ProcessEventHandled ProcessEventHandled");
    appends = 0;
    run<spreading>(store);
    CHECK(appends == 0);
}

TEST_CASE("whatever events come, a batch leads to what each of them leads to alone, in the order of each instance") {
    CHECK(rc::check([] {
        const auto taken = *rc::gen::container<std::vector<std::pair<int, std::int64_t>>>(rc::gen::pair(
            rc::gen::inRange(0, 4), rc::gen::map(rc::gen::container<std::vector<int>>(rc::gen::inRange(1, wallets + 1)),
                                                 [](const std::vector<int>& digits) {
                                                     std::int64_t amount = 1;
                                                     for (std::size_t i = 0;
                                                          i < std::min<std::size_t>(digits.size(), 4); ++i)
                                                         amount = 10 * amount + digits[i];
                                                     return amount;
                                                 })));
        const auto per_batch = *rc::gen::inRange<std::size_t>(2, 300);
        stele::memory_store together, alone, apart;
        for (auto* store : {&together, &alone, &apart}) {
            open_all(*store);
            for (const auto& [instance, amount] : taken) take(*store, std::to_string(instance), amount);
        }
        run<spreading>(together, {.cached_instances = 2, .events_per_batch = per_batch});
        run<spreading>(alone, {.events_per_batch = 1});
        {
            spy_store other{apart};
            transfer_bus bus{other};
            process_runner runner{apart};
            runner.add<spreading>(bus);
            runner.catch_up();
        }
        for (auto* store : {&together, &alone}) {
            RC_ASSERT(puts(*store) == puts(apart));
            for (int i = 0; i < 4; ++i)
                RC_ASSERT(journal_of(*store, std::to_string(i)) == journal_of(apart, std::to_string(i)));
            RC_ASSERT(store->list_documents("receipt").size() == apart.list_documents("receipt").size());
        }
    }));
}

STORE_TEST_CASE(store,
                "an event that changes nothing has no entry where the state can be compared, and none is missed") {
    const auto tell = [&]<bool IsCompared>() {
        contract_store fresh{store.configuration()};
        open_all(*fresh);
        for (const auto amount : {-1, -1, 5, -1, 7, -1, 0, 0, -1, 3}) {
            take(*fresh, "1", amount);
            if (amount == 7) run<telling<IsCompared>>(*fresh);
        }
        run<telling<IsCompared>>(*fresh, {.cached_instances = 0});
        fresh.reopen();
        take(*fresh, "1", 0);
        run<telling<IsCompared>>(*fresh);
        CHECK(puts(*fresh)["1"] == std::vector<std::string>{"wallet-w1 1 12", "wallet-w1 1 12", "wallet-w1 1 15"});
        return fresh->stream_version(stele::stream_id{"telling-1"}).value;
    };
    CHECK(tell.operator()<false>() == 11);
    CHECK(tell.operator()<true>() == 7);  // the first, 5, 7, 0, 0, 3, and 0
}

TEST_CASE("what is too large for one append is split") {
    stele::memory_store store{{.append_events = 12}};
    open_all(store);
    for (int i = 0; i < 40; ++i) take(store, std::to_string(i), i % 2 == 0 ? 12341234 : 3);
    run<spreading>(store);
    std::size_t all = 0;
    for (const auto& [instance, each] : puts(store)) all += each.size();
    CHECK(all == 20 * 8 + 20);
}

STORE_TEST_CASE(store, "a middleware gets results that are stored") {
    open_all(*store);
    for (int i = 0; i < 5; ++i) take(*store, std::to_string(i), 11);
    int seen = 0;
    transfer_bus bus{*store, {.middleware = {[&](stele::sent_command& command, const stele::next_step& next) {
                                  auto result = next(command);
                                  ++seen;
                                  CHECK_FALSE(command.is_in_transaction);
                                  CHECK(result->position == store->head());
                                  return result;
                              }}}};
    process_runner runner{*store};
    runner.add<spreading>(bus);
    runner.catch_up();
    CHECK(seen == 10);
}

STORE_TEST_CASE(inner, "another writer that comes first is not overlooked by a batch") {
    open_all(*inner);
    for (int i = 0; i < 20; ++i) take(*inner, std::to_string(i), 12);
    spy_store store{*inner};
    int others = 3;
    store.before_append = [&] {
        if (others-- > 0) send(*inner, close_wallet("w1"));
    };
    run<spreading>(store);
    CHECK(puts(*inner).size() == 20);
    for (const auto& [instance, each] : puts(*inner)) {
        CHECK(each.size() == 1);
        CHECK(journal_of(*inner, instance) == "ProcessEventHandled ProcessCommandRejected");
    }
}
