// What handlers of a durable subscription may do to their own runner: everything works or is refused, nothing hangs.

#include "contract/handlers/destroyed_owner.hpp"
#include "support/listener.hpp"

#include <future>
#include <optional>
#include <vector>

using namespace testing;
using namespace testing::destroyed;
using stele::subscription_runner;

namespace {

/// Shows when its runner has ended for good, which uses the store until then.
struct tracked {
    static constexpr auto name = "listener";
    static constexpr auto events = hana::tuple_t<Incremented>;
    static constexpr auto on_fault = stele::on_fault::dead_letter;
    std::shared_ptr<notebook> book;
    void on(const Incremented&, const stele::recorded_event& at) const { book->write(at); }
};

using runner_call = std::pair<std::string, std::function<void(subscription_runner&)>>;

std::vector<runner_call> runner_calls(notebook& book) {
    return {{"stop", [](auto& runner) { runner.stop(); }},
            {"status", [](auto& runner) { (void)runner.status(); }},
            {"dead_letters", [](auto& runner) { (void)runner.template dead_letters<listener>(); }},
            {"start", [](auto& runner) { runner.start(); }},
            {"stop and start", [](auto& runner) { runner.stop(), runner.start(); }},
            {"catch_up", [](auto& runner) { runner.catch_up(); }},
            {"wait_for", [](auto& runner) { (void)runner.template wait_for<listener>(position{99}, for_ever); }},
            {"replay", [](auto& runner) { (void)runner.template replay_dead_letters<listener>(); }},
            {"discard", [](auto& runner) { runner.template discard_dead_letter<listener>(position{1}); }},
            {"reset", [](auto& runner) { runner.template reset<listener>({}); }},
            {"remove", [](auto& runner) { runner.remove("other"); }},
            {"add", [&](auto& runner) { runner.add(parking_listener{book}); }}};
}

std::string outcome_of(const std::function<void()>& action) {
    try {
        action();
    } catch (const stele::error& refused) {
        CHECK(refused.kind() == stele::error_kind::invalid_argument);
        CHECK(std::string_view{refused.what()}.find("from inside a handler") != std::string_view::npos);
        return "refused";
    }
    return "works";
}

}  // namespace

STORE_TEST_CASE(store, "a handler of a durable subscription may call anything of its runner") {
    notebook book;
    for (const auto& [name, call] : runner_calls(book)) {
        for (const bool in_background : {true, false}) {
            CAPTURE(name);
            CAPTURE(in_background);
            append(*store, 1, incremented(1));
            std::optional<subscription_runner> runner{std::in_place, *store};
            std::promise<std::string> told;
            auto answer = told.get_future();
            bool is_first = true;
            book.before = [&, &made = call](const auto&) {
                if (std::exchange(is_first, false)) told.set_value(outcome_of([&] { made(*runner); }));
            };
            runner->add(listener{book});
            if (in_background)
                runner->start();
            else
                runner->catch_up();
            const auto outcome = answer.get();
            const bool is_harmless = name == "stop" || name == "status" || name == "dead_letters";
            if (!name.ends_with("start")) CHECK(outcome == (is_harmless ? "works" : "refused"));
            while (name == "stop" && status_of(*runner).state != stele::durable_subscription_state::stopped)
                std::this_thread::yield();
            runner->stop();
            runner->catch_up();  // and goes on
            CHECK(status_of(*runner).position == store->head());
        }
    }
    CHECK(book.positions() == changes_after(*store, {}));
}

STORE_TEST_CASE(store,
                "a subscription_runner destroyed by its handler: the call ends, and what was handled is stored") {
    for (const std::string what : {"catch_up", "replay", "wait_for"}) {
        for (const bool is_assigned : {false, true}) {
            CAPTURE(what);
            CAPTURE(is_assigned);
            const auto before = store->head();
            append(*store, 1, incremented(1));
            const auto book = std::make_shared<notebook>();
            std::optional<subscription_runner> runner{std::in_place, *store};
            runner->add(tracked{book}, {.after = before});
            if (what == "replay") {
                book->before = [](const auto&) { throw std::runtime_error("cannot"); };
                runner->catch_up();
            }
            const auto owner = gettid();
            std::promise<void> begun, destroyed;
            auto ready = begun.get_future();
            book->before = [&](const auto&) {
                if (what == "wait_for") ready.get(), expect_sleeping(owner);
                if (is_assigned)
                    *runner = subscription_runner{*store};
                else
                    runner.reset();
                destroyed.set_value();
            };
            if (what == "catch_up") CHECK(runner->catch_up() == store->head());
            if (what == "replay") CHECK(runner->replay_dead_letters("listener").applied == 1);
            if (what == "wait_for") {
                runner->start();
                begun.set_value();
                const auto seen = runner->wait_for("listener", position{999}, for_ever);
                REQUIRE_FALSE(seen);
                CHECK(seen.error().status.state == stele::durable_subscription_state::stopped);
            }
            destroyed.get_future().get();
            CHECK(runner.has_value() == is_assigned);
            while (book.use_count() > 1) std::this_thread::yield();
            CHECK(book->positions() == std::vector{store->head().value});
            subscription_runner next{*store};
            next.add(tracked{book});
            CHECK(status_of(next).position == store->head());
        }
    }
}
