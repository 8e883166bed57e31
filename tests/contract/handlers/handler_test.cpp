// What handlers may do to their own owner: everything works or is refused, nothing hangs or ends the program.

#include "support/board.hpp"
#include "support/projections.hpp"
#include "support/stores.hpp"
#include "support/transfer_helpers.hpp"

#include <stele/eventstore/subscription.hpp>

#include <atomic>
#include <functional>
#include <future>
#include <mutex>
#include <optional>
#include <string>
#include <thread>
#include <utility>
#include <vector>

using namespace testing;
using namespace std::chrono_literals;

namespace {

using stele::position;
constexpr auto for_ever = std::chrono::milliseconds::max();

/// What the next handler does, once. Handlers run on any thread.
class handler_action {
public:
    handler_action& operator=(std::function<void()> action) {
        const std::lock_guard lock(mutex_);
        action_ = std::move(action);
        return *this;
    }
    void run() {
        std::function<void()> action;
        {
            const std::lock_guard lock(mutex_);
            action = std::exchange(action_, nullptr);
        }
        if (action) action();
    }

private:
    std::mutex mutex_;
    std::function<void()> action_;
};
handler_action in_handler;

void run_in_handler() {
    in_handler.run();
}

/// Calls `action`: "works", or the text of the invalid_argument that refuses it.
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

struct table {
    static constexpr auto name = "table";
    static constexpr int version = 1;
    static constexpr auto events = hana::tuple_t<Incremented>;
    static void create(stele::read_model& db) { db.execute("CREATE TABLE rows (n INTEGER)"); }
    static void project(const Incremented& event, const stele::recorded_event&, stele::read_model& db) {
        db.execute("INSERT INTO rows VALUES (?1)", event.by());
        run_in_handler();
    }
};

struct memory {
    static constexpr auto name = "memory";
    static constexpr int version = 1;
    static constexpr auto events = hana::tuple_t<Incremented>;
    std::int64_t sum = 0;
    void project(const Incremented& event, const stele::recorded_event&) {
        sum += event.by();
        run_in_handler();
    }
};

struct echo {
    static constexpr auto name = "echo";
    static constexpr auto events = hana::tuple_t<MoneyPut>;
    static constexpr auto commands = hana::tuple_t<CloseWallet>;
    static std::string instance_id(const MoneyPut&) { return "1"; }
    int seen = 0;  // so that each event has its entry in the journal
    void evolve(const auto&) { ++seen; }
    stele::reaction<echo> react(const MoneyPut&) const {
        run_in_handler();
        return {};
    }
    stele::reaction<echo> react(const stele::rejected<CloseWallet>&) const { return {}; }
};

using runner_call = std::pair<std::string, std::function<void(stele::projection_runner&)>>;

std::vector<runner_call> runner_calls() {
    return {{"stop", [](auto& runner) { runner.stop(); }},
            {"start", [](auto& runner) { runner.start(); }},
            {"status", [](auto& runner) { (void)runner.status(); }},
            {"dead_letters", [](auto& runner) { (void)runner.template dead_letters<table>(); }},
            {"stop and start", [](auto& runner) { runner.stop(), runner.start(); }},
            {"catch_up", [](auto& runner) { runner.catch_up(); }},
            {"wait_for", [](auto& runner) { (void)runner.template wait_for<table>(position{99}, for_ever); }},
            {"rebuild", [](auto& runner) { runner.template rebuild<table>(); }},
            {"swap_in", [](auto& runner) { runner.template swap_in<table>(); }},
            {"rollback", [](auto& runner) { runner.template rollback<table>(); }},
            {"discard", [](auto& runner) { runner.template discard<table>(); }},
            {"diff", [](auto& runner) { runner.template diff<table>(); }},
            {"replay", [](auto& runner) { runner.template replay_dead_letters<table>(); }},
            {"discard a letter", [](auto& runner) { runner.template discard_dead_letter<table>(position{1}); }},
            {"add", [](auto& runner) { runner.template add<board>(); }},
            {"query", [](auto& runner) { runner.template query<memory>([](const memory&) { return 0; }); }}};
}

}  // namespace

STORE_TEST_CASE(store, "a handler of a projection may call anything of its runner") {
    append(*store, 1, incremented(1));
    for (const auto& [name, call] : runner_calls()) {
        for (const std::string way :
             {"table in the background", "memory in the background", "table", "memory", "query", "progress"}) {
            CAPTURE(name);
            CAPTURE(way);
            if (way == "progress" && name == "wait_for") continue;  // it waits for the background, see below
            const temp_dir directory;
            std::optional<stele::projection_runner> runner{std::in_place, *store, directory.path};
            if (way.starts_with("memory"))
                runner->add<memory>(), runner->add<table>();
            else
                runner->add<table>(), runner->add<memory>();
            std::promise<std::string> told;
            auto answer = told.get_future();
            const auto act = [&, &made = call] { told.set_value(outcome_of([&] { made(*runner); })); };
            if (way == "query") {
                runner->query<memory>([&](const memory&) { return act(), 0; });
            } else if (way == "progress") {
                bool first = true;
                runner->rebuild<table>({.progress = [&](const auto&) {
                    if (std::exchange(first, false)) act();
                }});
            } else {
                in_handler = act;
                if (way.ends_with("background"))
                    runner->start();
                else
                    runner->catch_up();
            }
            const auto outcome = answer.get();
            const bool is_harmless = name == "stop" || name == "status" || name == "dead_letters";
            const bool may_work = name == "start" || name == "stop and start" || name == "query";
            if (!may_work) CHECK(outcome == (is_harmless ? "works" : "refused"));
            in_handler = nullptr;
            runner->stop();
            runner->catch_up();  // and goes on
            CHECK(runner->status().front().checkpoint == store->head());
        }
    }
}

STORE_TEST_CASE(store, "the progress handler of a rebuild may wait for what the background applies") {
    append(*store, 1, incremented(1));
    const temp_dir directory;
    stele::projection_runner runner{*store, directory.path};
    runner.add<table>();
    runner.start();
    bool waited = false;
    runner.rebuild<table>({.progress = [&](const auto&) {
        if (waited) return;
        append(*store, 1, incremented(1));
        waited = runner.wait_for<table>(store->head(), for_ever).has_value();
    }});
    CHECK(waited);
}

STORE_TEST_CASE(store, "a runner may be destroyed by its own handler, and its directory is free after that") {
    append(*store, 1, incremented(1));
    const temp_dir directory;
    for (int round = 0; round < 20; ++round) {
        std::optional<stele::projection_runner> runner;
        // The one before ends by itself.
        while (!runner) try {
                runner.emplace(*store, directory.path);
            } catch (const stele::error& busy) {
                REQUIRE(busy.kind() == stele::error_kind::busy);
                std::this_thread::yield();
            }
        append(*store, 1, incremented(1));
        runner->add<table>();
        std::promise<void> started;
        std::promise<void> destroyed;
        auto ready = started.get_future();
        auto done = destroyed.get_future();
        in_handler = [&] {
            ready.get();  // until then, start() is using it
            runner.reset();
            destroyed.set_value();
        };
        runner->start();
        started.set_value();
        done.get();
    }
    while (true) try {
            stele::projection_runner last{*store, directory.path};
            last.add<table>();
            last.catch_up();
            break;
        } catch (const stele::error& busy) {
            REQUIRE(busy.kind() == stele::error_kind::busy);
            std::this_thread::yield();
        }
}

STORE_TEST_CASE(store, "a handler of a subscription may call anything of it") {
    REQUIRE(store->append(stele::stream_id{"a-1"}, stele::expected_version::any(), make_events(3)));
    for (const std::string name : {"stop", "wait", "wait_for", "position", "failure", "destroy", "replace"}) {
        CAPTURE(name);
        std::optional<stele::subscription> subscription;
        std::promise<void> made;
        std::promise<std::string> told;
        auto ready = made.get_future();
        auto answer = told.get_future();
        bool first = true;
        subscription.emplace(stele::subscribe(*store, {}, [&](const stele::recorded_event&) {
            if (!std::exchange(first, false)) return;
            ready.get();
            told.set_value(outcome_of([&] {
                if (name == "stop") subscription->stop();
                if (name == "wait") subscription->wait();
                if (name == "wait_for") (void)subscription->wait_for(position{3}, for_ever);
                if (name == "position") (void)subscription->position();
                if (name == "failure") (void)subscription->failure();
                if (name == "destroy") subscription.reset();
                if (name == "replace") *subscription = stele::subscribe(*store, {}, [](const auto&) {});
            }));
        }));
        made.set_value();
        CHECK(answer.get() == (name.starts_with("wait") ? "refused" : "works"));
        if (subscription && name != "stop") CHECK(subscription->wait_for(position{3}, for_ever));
    }
}

STORE_TEST_CASE(store, "a handler of a process may call anything of its runner") {
    send(*store, open_wallet("a", 0));
    transfer_bus bus{*store};
    for (const std::string way : {"start", "catch_up"}) {
        for (const std::string name :
             {"stop", "start", "stop and start", "status", "catch_up", "wait_for", "add", "failure", "destroy"}) {
            CAPTURE(way);
            CAPTURE(name);
            if (name == "destroy" && way == "catch_up") continue;  // it is in use by the caller
            PutMoney put;
            put.set_wallet("a");
            put.set_amount(1);
            send(*store, put);
            const auto before = store->stream_version(stele::stream_id{"echo-1"});
            std::optional<process_runner> runner{std::in_place, *store};
            runner->add<echo>(bus);
            std::promise<void> started;
            std::promise<std::string> told;
            auto ready = started.get_future();
            auto answer = told.get_future();
            in_handler = [&] {
                if (name == "destroy") ready.get();  // until then, start() is using it
                told.set_value(outcome_of([&] {
                    if (name.starts_with("stop")) runner->stop();
                    if (name.ends_with("start")) runner->start();
                    if (name == "status") (void)runner->status();
                    if (name == "catch_up") runner->catch_up();
                    if (name == "wait_for") (void)runner->wait_for<echo>(position{99}, for_ever);
                    if (name == "add") runner->add<transfer_process>(bus);
                    if (name == "failure") (void)runner->failure<echo>();
                    if (name == "destroy") runner.reset();
                }));
            };
            if (way == "start")
                runner->start();
            else
                runner->catch_up();
            started.set_value();
            const auto outcome = answer.get();
            const bool waits = name == "catch_up" || name == "wait_for" || name == "add";
            if (!name.ends_with("start")) CHECK(outcome == (waits ? "refused" : "works"));
            if (!runner) {
                // What the handler belongs to is committed after it has returned.
                while (store->stream_version(stele::stream_id{"echo-1"}) == before) std::this_thread::yield();
                continue;
            }
            runner->stop();
            runner->catch_up();
            CHECK(runner->position<echo>() == store->head());
        }
    }
}

STORE_TEST_CASE(store, "a handler may ask for the status while another thread stops its runner") {
    send(*store, open_wallet("a", 0));
    PutMoney put;
    put.set_wallet("a");
    put.set_amount(1);
    send(*store, put);
    transfer_bus bus{*store};
    process_runner runner{*store};
    runner.add<echo>(bus);
    std::promise<void> entered;
    std::atomic<bool> stopping = false;
    in_handler = [&] {
        entered.set_value();
        stopping.wait(false);
        for (int i = 0; i < 100; ++i) (void)runner.status(), std::this_thread::yield();
    };
    auto inside = entered.get_future();
    runner.start();
    inside.get();
    stopping = true;
    stopping.notify_all();
    runner.stop();
    CHECK(runner.position<echo>().value > 0);
}
