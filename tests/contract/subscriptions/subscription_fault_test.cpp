// Events that the handler of a durable subscription fails at: it stops, skips them, or makes dead letters; nothing is
// lost, and events of one key keep their order.

#include "support/listener.hpp"
#include "support/projections.hpp"
#include "support/some_positions.hpp"
#include "support/spy_store.hpp"
#include "support/stores.hpp"

#include <rapidcheck.h>

#include <map>
#include <new>
#include <optional>
#include <set>
#include <stdexcept>
#include <string>

using namespace std::chrono_literals;
using namespace testing;
using stele::position;
using stele::subscription_runner;
using positions = std::vector<std::uint64_t>;

namespace {

constexpr auto for_ever = std::chrono::milliseconds::max();

// Counters 1, 2 and 3 in turns, so that the event at position n belongs to counter (n - 1) % 3 + 1.
void append_in_turns(stele::event_store& store, int count) {
    for (int n = 0; n < count; ++n) append(store, n % 3 + 1, incremented(n));
}

std::function<void(const stele::recorded_event&)> failing_at(std::set<std::uint64_t> where) {
    return [where = std::move(where)](const stele::recorded_event& at) {
        if (where.contains(at.position.value))
            throw std::runtime_error("cannot take " + std::to_string(at.position.value));
    };
}

std::set<std::uint64_t> set_of(const positions& all) {
    return {all.begin(), all.end()};
}

positions letters_of(const subscription_runner& runner) {
    positions found;
    for (const auto& letter : runner.dead_letters("listener")) found.push_back(letter.position.value);
    return found;
}

// For tests that do much: in memory, or without a sync for each commit.
void for_quick_stores(const std::function<void(contract_store&)>& test) {
    for (const auto& configuration : store_configurations())
        if (configuration.name == "memory" || configuration.name == "sqlite, normal")
            SUBCASE(configuration.name.c_str()) {
                contract_store store{configuration};
                test(store);
            }
}

// The key is the parity of the amount.
struct by_parity {
    static constexpr auto name = "listener";
    static constexpr auto events = hana::tuple_t<Incremented>;
    static constexpr auto on_fault = stele::on_fault::dead_letter;
    notebook& book;
    void on(const Incremented&, const stele::recorded_event& at) const { book.write(at); }
    static std::string dead_letter_key(const stele::recorded_event& at) {
        Incremented event;
        if (!event.ParseFromString(std::string{at.payload})) throw std::runtime_error("no event");
        return event.by() % 2 == 0 ? "even" : "odd \xff";  // not UTF-8
    }
};

}  // namespace

STORE_TEST_CASE(store, "a subscription stops before an event that fails, and continues there") {
    append_in_turns(*store, 10);
    notebook book;
    subscription_runner runner{*store, {.attempts = 3, .first_backoff = 0ms}};
    runner.add(listener{book});
    book.before = failing_at({5});
    const auto failure = error_of([&] { runner.catch_up(); });
    CHECK(failure.kind == stele::error_kind::handler_failed);
    CHECK(
        failure.says("subscription listener failed at position 5 (stream counter-2, version 2, type "
                     "testing.Incremented): cannot take 5"));
    CHECK(status_of(runner).state == stele::durable_subscription_state::faulted);
    CHECK(status_of(runner).position == position{4});
    CHECK(book.take() == positions{1, 2, 3, 4});
    int attempts = 0;
    book.before = [&](const auto& at) {
        if (at.position.value == 5) ++attempts, throw std::runtime_error("again");
    };
    runner.start();
    const auto seen = runner.wait_for<listener>(position{10}, for_ever);
    REQUIRE_FALSE(seen);
    CHECK(seen.error().message().find("it is faulted, at 4 of 10 (6 behind); last error: ") != std::string::npos);
    CHECK(attempts == 3);
    runner.stop();
    book.before = failing_at({});
    runner.start();
    CHECK(runner.wait_for<listener>(position{10}, for_ever));
    CHECK(book.take() == positions{5, 6, 7, 8, 9, 10});
    CHECK(status_of(runner).applied == 10);
}

STORE_TEST_CASE(store, "a failure that passes is retried, and the next event has all of its own attempts") {
    append_in_turns(*store, 9);
    notebook book;
    std::map<std::uint64_t, int> failures;
    book.before = [&](const auto& at) {
        if (++failures[at.position.value] <= 2) throw std::runtime_error("not yet");
    };
    subscription_runner runner{*store, {.attempts = 3, .first_backoff = 0ms}};
    runner.add(listener{book});
    runner.start();
    CHECK(runner.wait_for<listener>(position{9}, for_ever));
    CHECK(book.positions() == positions{1, 2, 3, 4, 5, 6, 7, 8, 9});
    runner.stop();
    CHECK(status_of(runner).attempts == 0);
}

STORE_TEST_CASE(store, "skipped events are counted and told") {
    append_in_turns(*store, 10);
    notebook book;
    book.before = failing_at({2, 9});
    {
        subscription_runner runner{*store};
        runner.add(skipping_listener{book});
        CHECK(runner.catch_up() == position{10});
        const auto status = status_of(runner);
        CHECK(status.skipped == 2);
        CHECK(status.applied == 8);
        CHECK(status.last_error ==
              "subscription listener skipped the event at position 9 (stream counter-3, version 3, type "
              "testing.Incremented): cannot take 9");
        CHECK(status.message().find("2 skipped") != std::string::npos);
    }
    CHECK(book.positions() == positions{1, 3, 4, 5, 6, 7, 8, 10});
    store.reopen();
    subscription_runner again{*store};
    again.add(skipping_listener{book});
    CHECK(status_of(again).skipped == 2);
    CHECK(again.dead_letters("listener").empty());
}

STORE_TEST_CASE(store, "a dead letter holds up its stream and nothing else, until it is replayed or discarded") {
    append_in_turns(*store, 12);
    notebook book;
    {
        subscription_runner runner{*store, {.attempts = 2, .first_backoff = 0ms}};
        runner.add(parking_listener{book}, {.checkpoint_every = 4});
        book.before = failing_at({2, 5, 9});
        runner.start();
        CHECK(runner.wait_for<parking_listener>(position{12}, for_ever).error().message().find("queued behind") !=
              std::string::npos);
        runner.stop();
        CHECK(book.take() == positions{1, 3, 4, 6, 7, 10});
        CHECK(letters_of(runner) == positions{2, 5, 8, 9, 11, 12});
        CHECK(status_of(runner).dead_lettered == 6);
    }
    store.reopen();
    subscription_runner runner{*store};
    runner.add(parking_listener{book});
    const auto letters = runner.dead_letters<parking_listener>({5}, 2);
    REQUIRE(letters.size() == 2);
    CHECK(letters[0].position == position{8});
    CHECK(letters[0].attempts == 0);
    CHECK(letters[1].key == "counter-3");
    CHECK(letters[1].attempts == 2);
    CHECK(letters[1].error == "cannot take 9");
    append_in_turns(*store, 3);  // 13, 14, 15
    runner.catch_up();
    CHECK(book.take() == positions{13});
    // 5 fails again, and holds up what is behind it.
    book.before = failing_at({5});
    const auto replayed = runner.replay_dead_letters<parking_listener>();
    CHECK(book.take() == positions{2, 9, 12, 15});
    CHECK(replayed.applied == 4);
    CHECK(replayed.left == 4);
    CHECK(letters_of(runner) == positions{5, 8, 11, 14});
    CHECK(runner.dead_letters<parking_listener>().front().attempts == 1);
    CHECK(runner.discard_dead_letter<parking_listener>({5}));
    CHECK_FALSE(runner.discard_dead_letter<parking_listener>({5}));
    CHECK_FALSE(runner.discard_dead_letter<parking_listener>({}));
    CHECK(status_of(runner).skipped == 1);
    REQUIRE(store->truncate_stream(stele::stream_id{"counter-2"}, stele::version{4}));  // 2, 5 and 8
    const auto rest = runner.replay_dead_letters<parking_listener>();
    CHECK(rest.gone == 1);
    CHECK(rest.applied == 2);
    CHECK(book.take() == positions{11, 14});
    CHECK(letters_of(runner).empty());
    const auto status = status_of(runner);
    CHECK(status.dead_lettered == 0);
    CHECK(status.applied == 13);
    CHECK(status.ignored == 1);
}

STORE_TEST_CASE(store, "nothing waits behind a dead letter whose event was removed") {
    append_in_turns(*store, 3);
    notebook book;
    subscription_runner runner{*store};
    runner.add(parking_listener{book});
    book.before = failing_at({2});
    runner.catch_up();
    REQUIRE(store->delete_stream(stele::stream_id{"counter-2"}));
    const std::vector next{stele::encode(incremented(1))};
    REQUIRE(store->append(stele::stream_id{"counter-2"}, stele::expected_version::no_stream(), next));
    runner.catch_up();
    CHECK(book.positions() == positions{1, 3, 5});
    CHECK(letters_of(runner) == positions{2});
    CHECK(runner.replay_dead_letters("listener").gone == 1);
}

STORE_TEST_CASE(store, "the key of dead letters is what the subscription says, or the stream where that throws") {
    for (int n = 1; n <= 6; ++n) append(*store, n, incremented(n));
    REQUIRE(store->append(stele::stream_id{"counter-1"}, stele::expected_version::any(),
                          stele::event_data{.type = "testing.Incremented", .payload = "\xff"}));
    notebook book;
    book.before = failing_at({1, 2});
    subscription_runner runner{*store};
    runner.add(by_parity{book});
    runner.catch_up();
    CHECK(book.positions().empty());
    const auto letters = runner.dead_letters<by_parity>();
    REQUIRE(letters.size() == 7);
    CHECK(letters[0].key == letters[2].key);
    CHECK(letters[1].key == "even");
    CHECK(letters[6].key == "counter-1");
    CHECK(letters[6].attempts == 1);
    CHECK(letters[6].error.find("counter-1") != std::string::npos);  // why it does not parse
    book.before = failing_at({});
    CHECK(runner.replay_dead_letters<by_parity>().applied == 6);
    CHECK(book.positions() == positions{1, 2, 3, 4, 5, 6});
}

STORE_TEST_CASE(store, "an event that cannot be decoded is skipped, parked or stopped at, as any that fails") {
    append(*store, 1, incremented(1));
    REQUIRE(store->append(stele::stream_id{"counter-1"}, stele::expected_version::any(),
                          stele::event_data{.type = "testing.Incremented", .payload = "\xff"}));
    append(*store, 1, incremented(1));
    notebook book;
    {
        subscription_runner runner{*store};
        runner.add(listener{book});
        CHECK(error_of([&] { runner.catch_up(); }).kind == stele::error_kind::undecodable);
        CHECK(status_of(runner).position == position{1});
    }
    {
        subscription_runner runner{*store};
        runner.add(parking_listener{book});
        runner.catch_up();
        CHECK(letters_of(runner) == positions{2, 3});
        runner.reset("listener", position{1});
        CHECK(letters_of(runner).empty());
    }
    subscription_runner runner{*store};
    runner.add(skipping_listener{book});
    runner.catch_up();
    CHECK(book.positions() == positions{1, 3});
    CHECK(status_of(runner).skipped == 1);
}

STORE_TEST_CASE(store, "what is no fault of the event stops a subscription whatever it declares") {
    append_in_turns(*store, 3);
    const auto run = [&]<class Listener>(Listener subscription, const char* what) {
        CAPTURE(what);
        subscription_runner runner{*store};
        runner.add(std::move(subscription));
        CHECK_THROWS(runner.catch_up());
        CHECK(status_of(runner).position == position{1});
        CHECK(runner.dead_letters("listener").empty());
        runner.reset("listener", {});
    };
    const std::vector<std::pair<const char*, std::function<void()>>> faults{
        {"full", [] { throw stele::error{stele::error_kind::full, "no room"}; }},
        {"busy", [] { throw stele::error{stele::error_kind::busy, "somebody else"}; }},
        {"no memory", [] { throw std::bad_alloc{}; }},
        {"full within", [] {
             try {
                 throw stele::error{stele::error_kind::full, "no room"};
             } catch (...) {
                 std::throw_with_nested(std::runtime_error("cannot"));
             }
         }}};
    for (const auto& [what, raise] : faults) {
        notebook book;
        book.before = [&, &fail = raise](const auto& at) {
            if (at.position.value == 2) fail();
        };
        run(skipping_listener{book}, what);
        run(parking_listener{book}, what);
    }
}

static void fail_each_write(contract_store& store) {
    append_in_turns(*store, 20);
    bool is_past_the_last = false;
    for (int n = 1; !is_past_the_last; ++n) {
        for (const bool is_stored : {false, true}) {
            CAPTURE(n);
            CAPTURE(is_stored);
            subscription_runner{*store}.remove("listener");
            notebook book;
            book.before = failing_at({4, 5, 12});
            spy_store failing{*store};
            int count = 0;
            const auto fail = [&] {
                if (++count == n) throw stele::error{stele::error_kind::unavailable, "cut off"};
            };
            (is_stored ? failing.after_append : failing.before_append) = fail;
            // It is repeated as a user would: with the same runner, or with a new one if it cannot be added.
            std::optional<subscription_runner> runner;
            const auto again = [&](const std::function<void()>& call) {
                try {
                    call();
                } catch (const stele::error& failure) {
                    REQUIRE(failure.kind() == stele::error_kind::unavailable);
                    call();
                }
            };
            again([&] {
                runner.emplace(failing);
                runner->add(parking_listener{book}, {.checkpoint_every = 6});
            });
            again([&] { runner->catch_up(); });
            const auto parked = letters_of(*runner);
            CHECK(parked == positions{4, 5, 7, 8, 10, 11, 12, 13, 14, 15, 16, 17, 18, 19, 20});
            CHECK(status_of(*runner).dead_lettered == parked.size());
            book.before = failing_at({});
            again([&] { runner->replay_dead_letters<parking_listener>(); });
            CHECK(letters_of(*runner).empty());
            CHECK(status_of(*runner).dead_lettered == 0);
            CHECK(status_of(*runner).applied == 20);
            again([&] { runner->reset<parking_listener>({19}); });
            again([&] { runner->catch_up(); });
            CHECK(set_of(book.positions()) == set_of(changes_after(*store, {})));
            CHECK(status_of(*runner).seen == 1);
            is_past_the_last = count < n;
        }
    }
}

TEST_CASE("whatever write fails, before or after it was stored, nothing is lost and all adds up") {
    for_quick_stores(fail_each_write);
}

static void fail_at_random(contract_store& store) {
    rc::check("nothing lost, nothing out of order", [&] {
        subscription_runner{*store}.remove("listener");
        const auto begin = store->head();
        append_some(*store, 20, *rc::gen::arbitrary<unsigned>());
        const auto all = changes_after(*store, begin);
        std::map<std::uint64_t, std::string> stream_of;
        for (const auto& event : store->read_all({.after = begin}).events())
            stream_of[event.position.value] = event.stream;
        notebook book;
        for (int run = 0; run < 3; ++run) {
            std::set<std::uint64_t> failing;
            for (const auto each : some_positions(20)) failing.insert(begin.value + each);
            book.before = failing_at(std::move(failing));
            subscription_runner runner{*store};
            runner.add(parking_listener{book},
                       {.after = begin, .checkpoint_every = *rc::gen::inRange<std::size_t>(1, 9)});
            runner.catch_up();
            if (run > 0) runner.replay_dead_letters("listener");
            const auto status = status_of(runner);
            RC_ASSERT(status.dead_lettered == letters_of(runner).size());
            RC_ASSERT(status.applied == book.positions().size());
        }
        book.before = failing_at({});
        subscription_runner runner{*store};
        runner.add(parking_listener{book});
        runner.replay_dead_letters("listener");
        std::map<std::string, positions> by_stream, expected;
        for (const auto each : book.positions()) by_stream[stream_of[each]].push_back(each);
        for (const auto each : all) expected[stream_of[each]].push_back(each);
        RC_ASSERT(by_stream == expected);
    });
}

TEST_CASE("random failures and restarts: each event once in effect, in order within its stream") {
    for_quick_stores(fail_at_random);
}
