// A process_runner that is destroyed by its own handler while a call of it is under way: the call ends as usual, and
// what the handler belongs to is committed.

#include "contract/handlers/destroyed_owner.hpp"

#include <future>
#include <optional>

using namespace testing;
using namespace testing::destroyed;

STORE_TEST_CASE(store, "a process_runner destroyed by any handler of any call") {
    send(*store, open_wallet("a", 0));
    PutMoney put;
    put.set_wallet("a");
    put.set_amount(1);
    for (const std::string what : {"catch_up", "replay", "wait_for"}) {
        for (const std::string handler : {"react", "send"}) {
            for (const bool is_assigned : {false, true}) {
                CAPTURE(what);
                CAPTURE(handler);
                CAPTURE(is_assigned);
                send(*store, put);
                spy_bus bus{*store};
                std::optional<process_runner> runner{std::in_place, *store};
                runner->add<echo>(bus);
                if (what == "replay") {
                    is_broken = true;
                    runner->catch_up();
                    is_broken = false;
                    REQUIRE_FALSE(runner->dead_letters<echo>().empty());
                }
                const auto owner = gettid();
                std::promise<void> destroyed;
                const auto destroy = [&] {
                    if (what == "wait_for") expect_sleeping(owner);
                    if (is_assigned)
                        *runner = process_runner{*store};
                    else
                        runner.reset();
                    destroyed.set_value();
                };
                std::promise<void> begun;
                auto ready = begun.get_future();
                in_handler.set(handler, [&] {
                    if (what == "wait_for") ready.get();
                    destroy();
                });
                bus.before_send = [](const auto&) { in_handler.run("send"); };
                const auto before = store->stream_version(stele::stream_id{"echo-1"});
                if (what == "catch_up") {
                    const auto reached = runner->catch_up();
                    CHECK(reached == store->head());
                }
                if (what == "replay") CHECK(runner->replay_dead_letters<echo>().applied >= 1);
                if (what == "wait_for") {
                    runner->start();
                    begun.set_value();
                    const auto seen = runner->wait_for<echo>(position{999}, for_ever);
                    REQUIRE_FALSE(seen);
                    CHECK(seen.error().status.state == stele::process_state::stopped);
                }
                destroyed.get_future().get();
                // The turn of the handler is committed, before the bus ends.
                while (store->stream_version(stele::stream_id{"echo-1"}) == before) std::this_thread::yield();
                CHECK(runner.has_value() == is_assigned);
            }
        }
    }
}
