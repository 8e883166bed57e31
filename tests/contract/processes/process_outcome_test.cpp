// Waiting for everything that follows from one event, and how it ends early.

#include "support/mover.hpp"
#include "support/stores.hpp"

#include <thread>

using namespace testing;
using namespace std::chrono_literals;

namespace {

/// Answers what transfer_process has done: a second process in the same chain.
struct bookkeeper {
    static constexpr auto name = "bookkeeper";
    static constexpr auto events = hana::tuple_t<TransferCompleted>;
    static constexpr auto commands = hana::tuple_t<PutMoney>;
    static std::string instance_id(const TransferCompleted& event) { return event.transfer(); }
    static inline std::function<void()> before_reacting;
    void evolve(const auto&) {}
    stele::reaction<bookkeeper> react(const TransferCompleted&) const {
        if (before_reacting) before_reacting();
        PutMoney fee;
        fee.set_wallet(lost_and_found);
        fee.set_amount(1);
        return stele::reaction<bookkeeper>{}.send(fee);
    }
    stele::reaction<bookkeeper> react(const stele::rejected<PutMoney>&) const { return {}; }
};

stele::position request(stele::event_store& store, const std::string& name, std::chrono::seconds delay = {}) {
    return transfer_bus{store}.send(request_transfer(name, "a", "b", 0, delay)).value().position;
}

struct both_processes {
    explicit both_processes(stele::event_store& store) : bus(store), runner(store) {
        bookkeeper::before_reacting = nullptr;
        runner.add<transfer_process>(bus);
        runner.add<bookkeeper>(bus);
    }
    transfer_bus bus;
    process_runner runner;
};

}  // namespace

STORE_TEST_CASE(store, "the outcome of an event is what all processes have made of it, whatever else is under way") {
    open_wallets(*store);
    both_processes both{*store};
    both.runner.start();
    std::jthread others{[&](const std::stop_token& stop) {
        for (int n = 0; !stop.stop_requested() && n < 60; ++n) {
            request(*store, "other " + std::to_string(n));
            static_cast<void>(store->wait_for_append(store->head(), 5ms));
        }
    }};
    for (int n = 0; n < 3; ++n) {
        const auto name = std::to_string(n);
        const auto cause = request(*store, name);
        const auto done = both.runner.wait_for_outcome(cause, 60s);
        REQUIRE(done);
        CHECK(*done > cause);
        CHECK(story(*store, "transfer-" + name) == "TransferRequested TransferCompleted");
        CHECK(story(*store, "bookkeeper-" + name) == "ProcessEventHandled");
        CHECK(both.runner.wait_for_outcome(*done, 0s).value() == *done);
    }
}

STORE_TEST_CASE(store, "a deadline that is due belongs to the outcome, a later one does not") {
    open_wallets(*store);
    both_processes both{*store};
    const auto due = request(*store, "due", -1s);
    const auto later = request(*store, "later", 1h);
    both.runner.start();
    CHECK(both.runner.wait_for_outcome(later, 60s));
    CHECK(both.runner.wait_for_outcome(due, 60s));
    CHECK(story(*store, "transfer-due") == "TransferRequested TransferCompleted");
    CHECK(story(*store, "transfer-later") == "TransferRequested");
}

STORE_TEST_CASE(store, "who runs the processes himself is told at once whether anything is left to do") {
    open_wallets(*store);
    both_processes both{*store};
    const auto cause = request(*store, "1");
    const auto before = both.runner.wait_for_outcome(cause, 10min);
    REQUIRE_FALSE(before);
    CHECK(before.error().status.state == stele::process_state::stopped);
    CHECK(before.error().message().starts_with("process transfer_process has not reached position 4; it is stopped"));
    both.runner.catch_up();
    CHECK(both.runner.wait_for_outcome(cause, 10min));
    CHECK(both.runner.wait_for_outcome({}, 10min));
    const auto more = both.runner.wait_for_outcome(store->head().next(), 10min);
    REQUIRE_FALSE(more);
}

STORE_TEST_CASE(store, "a wait for an outcome ends when a process is faulted, stopped, or out of time") {
    open_wallets(*store);
    both_processes both{*store};
    SUBCASE("faulted") {
        bookkeeper::before_reacting = [] { throw stele::error(stele::error_kind::corrupt, "out of order"); };
        const auto cause = request(*store, "1");
        both.runner.start();
        const auto done = both.runner.wait_for_outcome(cause, 10min);
        REQUIRE_FALSE(done);
        CHECK(done.error().status.name == "bookkeeper");
        CHECK(done.error().message().contains("out of order"));
    }
    SUBCASE("stopped while it waits") {
        both.runner.start();
        std::jthread stopping{[&] { both.runner.stop(); }};
        CHECK_FALSE(both.runner.wait_for_outcome(store->head().next(), 10min));
    }
    SUBCASE("out of time") {
        both.runner.start();
        CHECK_FALSE(both.runner.wait_for_outcome(store->head().next(), 10ms));
    }
    SUBCASE("inside a handler") {
        bookkeeper::before_reacting = [&] {
            CHECK(error_of([&] { (void)both.runner.wait_for_outcome({1}, 1s); }).kind ==
                  stele::error_kind::invalid_argument);
        };
        request(*store, "1");
        both.runner.catch_up();
    }
    both.runner.stop();
    bookkeeper::before_reacting = nullptr;
}

STORE_TEST_CASE(store, "a dead letter among what follows is told at once, another one is not") {
    send(*store, open_wallet("w"));
    parking::is_fixed = false;
    transfer_bus bus{*store};
    process_runner runner{*store, mover_settings};
    runner.add<parking>(bus);
    runner.start();
    take(*store, "x", 1, "react throws");
    const auto cause = store->head();
    const auto done = runner.wait_for_outcome(cause, 10min);
    REQUIRE_FALSE(done);
    REQUIRE(done.error().dead_letter);
    CHECK(done.error().dead_letter->position == cause);
    CHECK(done.error().message() ==
          "process mover has put the event at position 2 (testing.MoneyTaken in note-1) aside for the instance x: out "
          "of order; see dead_letters()");
    take(*store, "y", 1);
    CHECK(runner.wait_for_outcome(store->head(), 10min));
}
