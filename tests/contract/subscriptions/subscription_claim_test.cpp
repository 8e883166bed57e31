// Who has a subscription: the runner that claimed it last, in this process or another. And what people do to one: reset
// and remove.

#include "support/in_child.hpp"
#include "support/listener.hpp"
#include "support/projections.hpp"
#include "support/spy_store.hpp"
#include "support/stores.hpp"

#include <optional>
#include <stdexcept>
#include <string>
#include <thread>

using namespace std::chrono_literals;
using namespace testing;
using stele::position;
using stele::subscription_runner;
using positions = std::vector<std::uint64_t>;

namespace {

constexpr auto for_ever = std::chrono::milliseconds::max();

void append_changes(stele::event_store& store, int count) {
    for (int n = 0; n < count; ++n) append(store, 1, incremented(n));
}

}  // namespace

STORE_TEST_CASE(store, "the runner that began last has a subscription, and the one before stops and says why") {
    notebook first_book, second_book;
    subscription_runner first{*store}, second{*store};
    first.add(listener{first_book});
    first.start();
    append_changes(*store, 5);
    REQUIRE(first.wait_for<listener>(position{5}, for_ever));
    second.add(listener{second_book});
    second.catch_up();
    append_changes(*store, 1);
    const auto seen = first.wait_for<listener>(position{6}, for_ever);
    REQUIRE_FALSE(seen);
    CHECK(seen.error().message().find("has claimed the subscription listener since") != std::string::npos);
    CHECK(seen.error().status.state == stele::durable_subscription_state::faulted);
    CHECK(seen.error().status.attempts == 1);
    CHECK(first_book.positions() == positions{1, 2, 3, 4, 5});  // not the sixth
    second.catch_up();
    CHECK(second_book.positions() == positions{6});
    // And back.
    append_changes(*store, 1);
    first.start();
    CHECK(first.wait_for<listener>(position{7}, for_ever));
    CHECK(first_book.positions() == positions{1, 2, 3, 4, 5, 7});
    first.stop();
    append_changes(*store, 1);
    second.catch_up();
    CHECK(second_book.positions().back() == 8);
}

STORE_TEST_CASE(store, "one that loses a subscription while its handler runs stores nothing any more") {
    for (const int takeovers : {1, 3, 20}) {
        CAPTURE(takeovers);
        const auto begin = store->head();
        subscription_runner{*store}.remove("listener");
        append_changes(*store, 10);
        notebook slow_book, quick_book;
        subscription_runner slow{*store};
        slow.add(listener{slow_book}, {.after = begin});
        slow_book.before = [&](const auto& at) {
            if (at.position.value != begin.value + 3) return;
            for (int i = 0; i < takeovers; ++i) {
                subscription_runner quick{*store};
                quick.add(listener{quick_book});
                quick.catch_up();
            }
        };
        const auto refused = error_of([&] { slow.catch_up(); });
        CHECK(refused.kind == stele::error_kind::closed);
        CHECK(quick_book.positions() == changes_after(*store, begin));
        notebook book;
        subscription_runner next{*store};
        next.add(listener{book});
        next.catch_up();
        CHECK(book.positions().empty());
        CHECK(status_of(next).applied == 10);
    }
}

STORE_TEST_CASE(store, "one that loses a subscription between looking and writing stores nothing any more") {
    append_changes(*store, 5);
    notebook slow_book, quick_book;
    spy_store racing{*store};
    subscription_runner slow{racing}, quick{*store};
    slow.add(listener{slow_book});
    quick.add(listener{quick_book});
    bool is_taken = false;
    racing.before_append = [&] {
        if (slow_book.positions().size() == 5 && !std::exchange(is_taken, true)) quick.reset<listener>({2});
    };
    CHECK(error_of([&] { slow.catch_up(); }).kind == stele::error_kind::closed);
    CHECK(is_taken);
    subscription_runner next{*store};
    next.add(listener{quick_book});
    CHECK(status_of(next).position == position{2});
    CHECK(status_of(next).seen == 0);
}

STORE_TEST_CASE(store, "two that claim a subscription at the same moment: one has it, and no event is lost") {
    append_changes(*store, 30);
    notebook book;
    std::atomic<int> refused = 0;
    {
        std::vector<std::jthread> runners;
        for (int i = 0; i < 4; ++i)
            runners.emplace_back([&] {
                subscription_runner runner{*store};
                runner.add(listener{book}, {.checkpoint_every = 1});
                try {
                    runner.catch_up();
                } catch (const stele::error& failure) {
                    CHECK(failure.kind() == stele::error_kind::closed);
                    ++refused;
                }
            });
    }
    CHECK(refused <= 3);
    notebook rest;
    subscription_runner runner{*store};
    runner.add(listener{rest});
    runner.catch_up();
    for (const auto each : rest.positions()) {
        stele::owned_event event;
        event.position = {each};
        book.write(event.view());
    }
    CHECK(std::ranges::is_sorted(rest.positions()));
    auto all = book.positions();
    std::ranges::sort(all);
    CHECK(first_ones(all) == changes_after(*store, {}));
    CHECK(status_of(runner).applied == 30);
}

TEST_CASE("a process that is killed is replaced at once, and one that is not notices it") {
    const temp_dir directory;
    const auto file = directory / "events.db";
    {
        auto store = stele::sqlite_store::open(file);
        append_changes(store, 3);
    }
    const auto run_in_child = [&](bool is_killed) {
        return child{[=] {
            auto store = stele::sqlite_store::open(file);
            notebook book;
            subscription_runner runner{store};
            runner.add(listener{book});
            runner.catch_up();
            append_changes(store, 1);
            if (is_killed) ::raise(SIGKILL);
            runner.start();
            CHECK(runner.wait_for<listener>(position{5}, for_ever));
            append_changes(store, 1);  // to say so
            const auto seen = runner.wait_for<listener>(position::max(), for_ever);
            return seen ? std::string{"reached"} : seen.error().status.last_error;
        }};
    };
    CHECK(run_in_child(true).answer() == "was ended by signal 9");
    auto other = run_in_child(false);
    auto store = stele::sqlite_store::open(file);
    position seen{};
    while (store.head() < position{6}) seen = store.wait_for_append(seen, 1s);
    notebook book;
    subscription_runner runner{store};
    runner.add(listener{book});
    runner.start();
    CHECK(runner.wait_for<listener>(position{6}, for_ever));
    append_changes(store, 1);
    CHECK(runner.wait_for<listener>(position{7}, for_ever));
    CHECK(other.answer().find("has claimed the subscription listener since") != std::string::npos);
    CHECK(book.positions().back() == 7);
}

STORE_TEST_CASE(store, "reset delivers again from a position, or passes over, also while the background runs") {
    append_changes(*store, 10);
    notebook book;
    subscription_runner runner{*store};
    runner.add(listener{book});
    for (const bool in_background : {false, true}) {
        CAPTURE(in_background);
        const auto run = [&] {
            if (in_background)
                CHECK(runner.wait_for<listener>(position{10}, for_ever));
            else
                runner.catch_up();
        };
        if (in_background) runner.start();
        run();
        CHECK(book.take() == (in_background ? positions{} : positions{1, 2, 3, 4, 5, 6, 7, 8, 9, 10}));
        while (in_background && status_of(runner).state != stele::durable_subscription_state::live)
            std::this_thread::yield();
        runner.reset<listener>({7});
        run();
        CHECK(book.take() == positions{8, 9, 10});
        CHECK(status_of(runner).seen == 3);
        const auto refused = error_of([&] { runner.reset<listener>({11}); });
        CHECK(refused.kind == stele::error_kind::other_store);
        CHECK(status_of(runner).position == position{10});
    }
    runner.stop();
    runner.reset<listener>({});
    runner.reset<listener>({10});
    runner.catch_up();
    CHECK(book.take().empty());
    store.reopen();
}

STORE_TEST_CASE(store, "a subscription that was removed is unknown, also to a runner that has it") {
    append_changes(*store, 3);
    notebook book;
    subscription_runner runner{*store};
    runner.add(parking_listener{book});
    book.before = [](const auto& at) {
        if (at.position.value == 2) throw std::runtime_error("cannot");
    };
    runner.catch_up();
    CHECK(subscription_runner{*store}.remove("listener"));
    CHECK(store->list_documents("subscription").empty());
    CHECK(store->list_documents("subscription_dead_letter").empty());
    CHECK_FALSE(subscription_runner{*store}.remove("listener"));
    append_changes(*store, 1);
    CHECK(book.take() == positions{1});
    book.before = [](const auto&) {};
    runner.start();  // as a new one
    CHECK(runner.wait_for<parking_listener>(position{4}, for_ever));
    CHECK(book.positions() == positions{1, 2, 3, 4});
    append_changes(*store, 1);
    CHECK(runner.wait_for<parking_listener>(position{5}, for_ever));
    CHECK(subscription_runner{*store}.remove("listener"));
    append_changes(*store, 1);
    CHECK_FALSE(runner.wait_for<parking_listener>(position{6}, for_ever));
    CHECK(store->list_documents("subscription").empty());
}

STORE_TEST_CASE(store, "a position beyond the head: nothing is passed over in silence") {
    append_changes(*store, 2);
    const auto run = [&] {
        notebook book;
        subscription_runner runner{*store};
        runner.add(listener{book});
        const auto waited = runner.wait_for<listener>(position{1}, 0ms);
        CHECK_FALSE(waited);
        if (!waited) CHECK(waited.error().status.state == stele::durable_subscription_state::faulted);
        const auto refused = error_of([&] { runner.catch_up(); });
        CHECK(refused.kind == stele::error_kind::other_store);
        CHECK(refused.says("subscription listener: its checkpoint in the store is position 9, and the store ends at"));
        runner.start();
        const auto failed = runner.wait_for<listener>(position{1}, for_ever);
        REQUIRE_FALSE(failed);
        CHECK(failed.error().status.attempts == 1);
        CHECK(book.positions().empty());
    };
    const std::vector<stele::document_write> beyond{{"subscription", "listener", "\x08\x09"}};
    REQUIRE(store->append({}, beyond));
    run();
    append_changes(*store, 1);
    run();
}
