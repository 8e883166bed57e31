// A projection_runner that is destroyed by its own handler while a call of it is under way: the call ends as usual,
// nothing is used after that, and its directory is free again.

#include "contract/handlers/destroyed_owner.hpp"

#include <future>
#include <optional>
#include <vector>

using namespace testing;
using namespace testing::destroyed;

namespace {

using runner_call = std::function<void(stele::projection_runner&)>;

/// A call that is under way, and the handler that it runs.
struct called {
    std::string what;
    std::string handler;
    runner_call call;
};

std::vector<called> calls() {
    const auto catch_up = [](stele::projection_runner& runner) { runner.catch_up(); };
    const auto rebuild = [](stele::projection_runner& runner) {
        CHECK(runner.rebuild<table>() == stele::rebuild_result::serving);
    };
    return {{"catch_up", "table", catch_up},
            {"catch_up", "memory", catch_up},
            {"catch_up", "effect", catch_up},
            {"rebuild", "table", rebuild},
            {"rebuild", "create", rebuild},
            {"rebuild", "progress",
             [](auto& runner) {
                 (void)runner.template rebuild<table>({.progress = [](const auto&) { in_handler.run("progress"); }});
             }},
            {"query", "query",
             [](auto& runner) {
                 CHECK(runner.template query<memory>([](const memory& state) {
                     in_handler.run("query");
                     return state.sum;
                 }) >= 0);
             }},
            {"replay", "table", [](auto& runner) { (void)runner.template replay_dead_letters<table>(); }}};
}

}  // namespace

STORE_TEST_CASE(store, "a projection_runner destroyed by any handler of any call, with or without a background") {
    for (int i = 0; i < 3; ++i) append(*store, 1, incremented(1));
    for (const auto& [what, handler, call] : calls()) {
        for (const bool is_assigned : {false, true}) {
            for (const bool in_background : {false, true}) {
                CAPTURE(what);
                CAPTURE(handler);
                CAPTURE(is_assigned);
                CAPTURE(in_background);
                if (in_background && what == "catch_up") continue;  // the background may be the one that calls it
                const temp_dir directory, other;
                std::optional<stele::projection_runner> runner{std::in_place, *store, directory.path};
                runner->add<table>();
                runner->add<memory>();
                append(*store, 1, incremented(1));  // effects begin here
                if (what == "replay") {
                    is_broken = true;
                    runner->catch_up();
                    is_broken = false;
                    CHECK(runner->dead_letters<table>().size() == store->head().value);
                }
                if (in_background) {
                    runner->start();
                    CHECK(runner->wait_for<table>(store->head(), for_ever).has_value() == (what != "replay"));
                    CHECK(runner->wait_for<memory>(store->head(), for_ever));
                }
                bool is_destroyed = false;
                in_handler.set(handler, [&] {
                    is_destroyed = true;
                    if (is_assigned)
                        *runner = stele::projection_runner{*store, other.path};
                    else
                        runner.reset();
                });
                call(*runner);
                CHECK(is_destroyed);
                CHECK(runner.has_value() == is_assigned);
                expect_free(*store, directory.path);
            }
        }
    }
}

STORE_TEST_CASE(store, "a projection_runner destroyed by the handler create() of the projection that is added") {
    append(*store, 1, incremented(1));
    const temp_dir directory;
    std::optional<stele::projection_runner> runner{std::in_place, *store, directory.path};
    in_handler.set("create", [&] { runner.reset(); });
    runner->add<table>();
    CHECK_FALSE(runner);
    expect_free(*store, directory.path);
}

STORE_TEST_CASE(store, "a projection_runner destroyed by its background while the owner waits or rebuilds") {
    for (const bool waits : {true, false}) {
        CAPTURE(waits);
        append(*store, 1, incremented(1));
        const temp_dir directory;
        std::optional<stele::projection_runner> runner{std::in_place, *store, directory.path};
        runner->add<table>();
        runner->add<memory>();
        const auto owner = gettid();
        std::promise<void> begun, destroyed;
        auto ready = begun.get_future();
        auto gone = destroyed.get_future();
        in_handler.set("memory", [&] {
            ready.get();
            if (waits) expect_sleeping(owner);
            runner.reset();
            destroyed.set_value();
        });
        runner->start();
        if (waits) {
            begun.set_value();
            const auto seen = runner->wait_for<memory>(position{99}, for_ever);
            REQUIRE_FALSE(seen);
            CHECK(seen.error().status.state == stele::projection_state::stopped);
        } else {
            bool is_first = true;
            const auto result = runner->rebuild<table>({.progress = [&](const auto&) {
                if (!std::exchange(is_first, false)) return;
                begun.set_value();
                gone.get();
            }});
            CHECK(result == stele::rebuild_result::serving);
        }
        if (waits) gone.get();
        expect_free(*store, directory.path);
    }
}
