// Durable subscriptions: where they begin and continue, what they get, and how far they say they are.

#include "support/listener.hpp"
#include "support/projections.hpp"
#include "support/spy_store.hpp"
#include "support/stores.hpp"
#include "support/warehouse.hpp"

#include <stele/commands/command_bus.hpp>
#include <stele/eventstore/causation.hpp>

#include <map>
#include <string>
#include <thread>

using namespace std::chrono_literals;
using namespace testing;
using stele::position;
using stele::subscription_runner;

namespace {

// Nothing waits this long unless it is broken.
constexpr auto for_ever = std::chrono::milliseconds::max();

struct listener_without_book {
    static constexpr auto name = "listener_without_book";
    static constexpr auto events = hana::tuple_t<Incremented>;
    static void on(const Incremented&, const stele::recorded_event&) {}
};

struct arrivals {
    static constexpr auto name = "arrivals";
    static constexpr auto events =
        stele::upcast_by<warehouse::upcasters>(hana::tuple_t<warehouse::ItemAddedV3, warehouse::ItemRemoved>);
    std::map<std::string, std::int64_t>& amounts;
    std::vector<std::string>& types;
    void on(const warehouse::ItemAddedV3& e, const stele::recorded_event& at) {
        amounts[e.item()] += e.quantity().amount();
        types.emplace_back(at.type);
    }
    void on(const auto& e, const stele::recorded_event&) const { amounts[e.item()] -= e.amount(); }
};

struct echo {
    static constexpr auto name = "echo";
    static constexpr auto events = hana::tuple_t<CounterOpened>;
    stele::command_bus<counter>& bus;
    void on(const CounterOpened&, const stele::recorded_event& at) {
        if (at.stream == "counter-echo") return;
        CHECK(stele::current_cause() == &at);
        const auto sent = bus.send(increment("echo", 1), {.idempotency_key = at.id});
        CHECK(sent);
    }
};

struct removals {
    static constexpr auto name = "removals";
    static constexpr auto events = hana::tuple_t<Incremented, stele::stream_deleted>;
    static constexpr auto categories = hana::make_tuple("counter", "other");
    std::vector<std::string>& log;
    void on(const Incremented&, const stele::recorded_event& at) const { log.emplace_back(at.stream); }
    void on(const stele::stream_deleted& removed, const stele::recorded_event&) const {
        log.push_back("- " + removed.stream);
    }
};

std::vector<std::uint64_t> run_once(stele::event_store& store, const stele::durable_subscription_options& options) {
    notebook book;
    subscription_runner runner{store};
    runner.add(listener{book}, options);
    const auto reached = runner.catch_up();
    CHECK(reached == store.head());
    CHECK(status_of(runner).position == store.head());
    return book.positions();
}

}  // namespace

STORE_TEST_CASE(store, "a subscription begins with the first event, now or after a position, and then continues") {
    append_some(*store, 50);
    for (const auto after : {position{}, position{20}, store->head()}) {
        CAPTURE(after.value);
        subscription_runner{*store}.remove("listener");
        const auto begin = store->head();
        {
            // Where it begins is stored by add(), not by the first run.
            notebook book;
            subscription_runner runner{*store};
            runner.add(listener{book}, {.after = after});
        }
        append_some(*store, 20, 2);
        CHECK(run_once(*store, {.after = store->head()}) == changes_after(*store, after));
        CHECK(run_once(*store, {}) == std::vector<std::uint64_t>{});
        store.reopen();
        const auto seen = store->head();
        append_some(*store, 20, 3);
        CHECK(run_once(*store, {}) == changes_after(*store, seen));
        CHECK(begin < seen);
    }
}

STORE_TEST_CASE(store, "a subscription that would begin beyond the head is refused, and the store does not know it") {
    append_some(*store, 5);
    subscription_runner runner{*store};
    notebook book;
    const auto refused = error_of([&] { runner.add(listener{book}, {.after = position{6}}); });
    CHECK(refused.kind == stele::error_kind::other_store);
    CHECK(refused.says("subscription listener"));
    CHECK(runner.status().empty());
    CHECK_FALSE(runner.remove("listener"));
}

STORE_TEST_CASE(store, "events come upcast, to objects with members and to generic handlers") {
    warehouse::ItemAdded outdated;
    outdated.set_item("lamp");
    outdated.set_pieces(5);
    warehouse::ItemReplaced replaced;
    replaced.set_old_item("lamp");
    replaced.set_new_item("desk");
    const std::vector stored{stele::encode(outdated), stele::encode(warehouse::added("lamp", 2)),
                             stele::encode(replaced)};
    REQUIRE(store->append(stele::stream_id{"stock-1"}, stele::expected_version::any(), stored));
    std::map<std::string, std::int64_t> amounts;
    std::vector<std::string> types;
    subscription_runner runner{*store};
    runner.add(arrivals{amounts, types});
    runner.catch_up();
    CHECK(amounts == std::map<std::string, std::int64_t>{{"lamp", 6}, {"desk", 1}});
    CHECK(types == std::vector<std::string>{"warehouse.ItemAdded", "warehouse.ItemAddedV3", "warehouse.ItemReplaced"});
}

STORE_TEST_CASE(store, "an event is the cause of the commands that a handler sends, and its id makes them once") {
    stele::command_bus<counter> bus{*store};
    REQUIRE(bus.send(open("echo")));
    for (const auto* const id : {"a", "b", "c"}) REQUIRE(bus.send(open(id)));
    subscription_runner runner{*store};
    runner.add(echo{bus});
    for (int run = 0; run < 3; ++run) {
        runner.reset<echo>({});
        runner.catch_up();
    }
    CHECK(stele::load<counter>(*store, stele::stream_of<counter>("echo")).state.value == 3);
}

STORE_TEST_CASE(store, "a filter and the categories of a subscription choose streams, also for removals") {
    const auto one = [] { return std::vector{stele::encode(incremented(1))}; };
    const std::vector<std::string> streams{"counter-1", "counter-12", "other-1", "third-1"};
    for (const auto& stream : streams) {
        REQUIRE(store->append(stele::stream_id{stream}, stele::expected_version::any(), one()));
        REQUIRE(store->delete_stream(stele::stream_id{stream}));
        REQUIRE(store->append(stele::stream_id{stream}, stele::expected_version::no_stream(), one()));
    }
    const std::vector<std::pair<stele::event_query, std::vector<std::string>>> cases{
        {{}, {"counter-1", "counter-12", "other-1"}},
        {{.categories = {"counter", "third"}}, {"counter-1", "counter-12"}},
        {{.streams = {"counter-1", "third-1"}}, {"counter-1"}},
        {{.stream_prefixes = {"counter-1"}}, {"counter-1", "counter-12"}},
        {{.streams = {"counter-5"}}, {}}};
    for (const auto& [filter, expected] : cases) {
        CAPTURE(expected);
        std::vector<std::string> log;
        subscription_runner runner{*store};
        runner.remove("removals");
        runner.add(removals{log}, {.filter = filter});
        runner.catch_up();
        std::vector<std::string> all;
        for (const auto& stream : expected) all.insert(all.end(), {"- " + stream, stream});
        CHECK(log == all);
        CHECK(status_of(runner).applied == all.size());
        CHECK(status_of(runner).seen == store->head().value);
    }
}

STORE_TEST_CASE(store, "options that nothing can be done with are refused") {
    notebook book;
    for (const auto& options : {stele::subscription_runner_options{.threads = 0},
                                {.attempts = 0},
                                {.first_backoff = std::chrono::milliseconds{-1}}})
        CHECK(error_of([&] { subscription_runner{*store, options}; }).kind == stele::error_kind::invalid_argument);
    subscription_runner runner{*store};
    const auto kind_of_add = [&](const stele::durable_subscription_options& options) {
        return error_of([&] { runner.add(listener{book}, options); }).kind;
    };
    CHECK(kind_of_add({.checkpoint_every = 0}) == stele::error_kind::invalid_argument);
    CHECK(kind_of_add({.filter = {.categories = {"a-b"}}}) == stele::error_kind::invalid_argument);
    CHECK(store->list_documents("subscription").empty());
    runner.add(listener{book});
    CHECK(kind_of_add({}) == stele::error_kind::invalid_argument);
    CHECK(error_of([&] { (void)runner.wait_for("nobody", {}, 0ms); }).kind == stele::error_kind::invalid_argument);
    CHECK(error_of([&] { runner.remove("listener"); }).kind == stele::error_kind::invalid_argument);
    CHECK(error_of([&] { runner.remove("no name"); }).kind == stele::error_kind::invalid_argument);
    runner.start();
    CHECK(error_of([&] { runner.add<listener_without_book>(); }).kind == stele::error_kind::invalid_argument);
}

STORE_TEST_CASE(store, "in the background each event comes once and in order while several threads append") {
    notebook book;
    subscription_runner runner{*store};
    runner.add(listener{book}, {.checkpoint_every = 7});
    append_some(*store, 100);
    runner.start();
    {
        std::vector<std::jthread> writers;
        for (int writer = 0; writer < 3; ++writer)
            writers.emplace_back([&store, writer] {
                for (int i = 0; i < 30; ++i) append(*store, 100 + writer, incremented(i));
            });
    }
    const auto reached = runner.wait_for<listener>(store->head(), for_ever);
    REQUIRE(reached);
    CHECK(*reached == store->head());
    CHECK(book.positions() == changes_after(*store, {}));
    const auto status = status_of(runner);
    CHECK(status.seen == store->head().value);
    CHECK(status.applied == book.positions().size());
    runner.stop();
    CHECK(status_of(runner).state == stele::durable_subscription_state::stopped);
    append(*store, 1, incremented(1));
    const auto stopped = runner.wait_for<listener>(store->head(), 0ms);
    REQUIRE_FALSE(stopped);
    CHECK(stopped.error().message().find("call start() or catch_up()") != std::string::npos);
    CHECK(stopped.error().status.lag_events == 1);
    runner.start();
    CHECK(runner.wait_for<listener>(store->head(), for_ever));
    CHECK(book.positions() == changes_after(*store, {}));
}

STORE_TEST_CASE(store, "a crash repeats at most checkpoint_every events, and a stop none") {
    append_some(*store, 200);
    const auto all = changes_after(*store, {});
    for (const auto every : std::vector<std::size_t>{1, 2, 10, 1000}) {
        CAPTURE(every);
        subscription_runner{*store}.remove("listener");
        spy_store crashing{*store};
        notebook book;
        std::size_t handled = 0;
        {
            // From a moment on nothing reaches the store: as if the process had been killed there.
            subscription_runner runner{crashing};
            runner.add(listener{book}, {.checkpoint_every = every});
            book.before = [&](const auto&) {
                if (++handled == 50)
                    crashing.before_append = [] { throw stele::error{stele::error_kind::io, "the power is off"}; };
            };
            CHECK_THROWS_AS(runner.catch_up(), stele::error);
        }
        book.before = [](const auto&) {};
        const auto before = book.take();
        const auto after = run_once(*store, {.checkpoint_every = every});
        REQUIRE_FALSE(after.empty());
        const auto next = std::ranges::find(all, before.back()) + 1;
        const auto first = std::ranges::find(all, after.front());
        CHECK(std::vector(first, all.end()) == after);
        CHECK(next - first <= static_cast<std::ptrdiff_t>(every));
        CHECK(next - first >= 1);  // something was repeated, or this tests nothing
    }
}

STORE_TEST_CASE(store, "the position of a store is kept also where no event concerns a subscription") {
    notebook book;
    std::vector<stele::event_data> many;
    for (int i = 0; i < 3000; ++i) many.push_back(stele::encode(NobodyKnows{}));
    {
        subscription_runner runner{*store};
        runner.add(listener{book});
        REQUIRE(store->append(stele::stream_id{"others-1"}, stele::expected_version::any(), many));
        runner.start();
        CHECK(runner.wait_for<listener>(store->head(), for_ever));
        append(*store, 1, opened());
        CHECK(runner.wait_for<listener>(store->head(), for_ever));
    }
    append(*store, 1, incremented(1));
    subscription_runner runner{*store};
    runner.add(listener{book});
    CHECK(status_of(runner).position == position{3001});
    CHECK(status_of(runner).ignored == 3001);
    CHECK(status_of(runner).lag_events == 1);
    CHECK(status_of(runner).message() == "listener: stopped, at 3001 of 3002 (1 behind)");
}
