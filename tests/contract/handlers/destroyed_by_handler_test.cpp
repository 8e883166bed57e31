// An owner that is destroyed by its own handler while a call of it is under way: the call ends as usual, nothing is
// used after that, and what the owner held is free again.

#include "support/projections.hpp"
#include "support/stores.hpp"
#include "support/transfer_helpers.hpp"

#include <stele/eventstore/subscription.hpp>

#include <unistd.h>

#include <atomic>
#include <fstream>
#include <functional>
#include <future>
#include <map>
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

/// What the next handler of a kind does, once; any thread.
class {
public:
    void set(const std::string& kind, std::function<void()> action) {
        const std::lock_guard lock(mutex_);
        actions_[kind] = std::move(action);
    }
    void run(const std::string& kind) {
        std::function<void()> action;
        {
            const std::lock_guard lock(mutex_);
            action = std::exchange(actions_[kind], nullptr);
        }
        if (action) action();
    }

private:
    std::mutex mutex_;
    std::map<std::string, std::function<void()>> actions_;
} in_handler;
std::atomic<bool> is_broken = false;

struct table {
    static constexpr auto name = "table";
    static constexpr int version = 1;
    static constexpr auto on_fault = stele::on_fault::dead_letter;
    static constexpr auto events = hana::tuple_t<Incremented>;
    static void create(stele::read_model& db) {
        db.execute("CREATE TABLE rows (n INTEGER)");
        in_handler.run("create");
    }
    static void project(const Incremented& event, const stele::recorded_event&, stele::read_model& db) {
        db.execute("INSERT INTO rows VALUES (?1)", event.by());
        in_handler.run("table");
        if (is_broken) throw std::runtime_error("out of order");
    }
};

struct memory {
    static constexpr auto name = "memory";
    static constexpr int version = 1;
    static constexpr auto events = hana::tuple_t<Incremented>;
    std::int64_t sum = 0;
    void project(const Incremented& event, const stele::recorded_event&) {
        sum += event.by();
        in_handler.run("memory");
    }
    static constexpr auto effects = hana::tuple_t<Incremented>;
    static void effect(const Incremented&, const stele::recorded_event&) { in_handler.run("effect"); }
};

struct echo {
    static constexpr auto name = "echo";
    static constexpr auto on_fault = stele::on_fault::dead_letter;
    static constexpr auto events = hana::tuple_t<MoneyPut>;
    static constexpr auto commands = hana::tuple_t<CloseWallet>;
    static std::string instance_id(const MoneyPut&) { return "1"; }
    void evolve(const auto&) {}
    stele::reaction<echo> react(const MoneyPut&) const {
        in_handler.run("react");
        if (is_broken) throw std::runtime_error("out of order");
        return stele::reaction<echo>{}.send(close_wallet("none"));
    }
    stele::reaction<echo> react(const stele::rejected<CloseWallet>&) const { return {}; }
};

/// Returns when the thread waits for something.
void expect_sleeping(pid_t thread) {
    while (true) {
        std::ifstream file{"/proc/self/task/" + std::to_string(thread) + "/stat"};
        std::string text;
        std::getline(file, text);
        if (const auto end = text.rfind(')'); end != std::string::npos && text.substr(end + 2, 1) == "S") return;
        std::this_thread::yield();
    }
}

/// The directory may be held until the last thread of the runner has ended.
void expect_free(stele::event_store& store, const std::filesystem::path& directory) {
    while (true) try {
            stele::projection_runner next{store, directory};
            next.add<table>();
            next.catch_up();
            CHECK(next.status().front().checkpoint == store.head());
            return;
        } catch (const stele::error& busy) {
            REQUIRE(busy.kind() == stele::error_kind::busy);
            std::this_thread::yield();
        }
}

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

STORE_TEST_CASE(store, "a subscription destroyed by its handler while the owner waits for it") {
    REQUIRE(store->append(stele::stream_id{"a-1"}, stele::expected_version::any(), make_events(3)));
    for (const bool has_position : {false, true}) {
        std::optional<stele::subscription> subscription;
        std::promise<void> begun;
        auto ready = begun.get_future();
        const auto owner = gettid();
        subscription.emplace(stele::subscribe(*store, {}, [&](const stele::recorded_event& event) {
            if (event.position != position{1}) return;
            ready.get();
            expect_sleeping(owner);
            subscription.reset();
        }));
        begun.set_value();
        if (has_position)
            CHECK(subscription->wait_for(position{99}, for_ever).error().ended);
        else
            subscription->wait();
        CHECK_FALSE(subscription);
    }
}

STORE_TEST_CASE(store, "projections and processes may be added while another thread catches up") {
    append(*store, 1, incremented(1));
    transfer_bus bus{*store};
    for (int round = 0; round < 10; ++round) {
        const temp_dir directory;
        stele::projection_runner projections{*store, directory.path};
        process_runner processes{*store};
        std::atomic<bool> is_over = false;
        std::jthread other{[&] {
            while (!is_over) {
                projections.catch_up();
                processes.catch_up();
                (void)projections.status();
                (void)processes.status();
            }
        }};
        projections.add<table>();
        projections.add<memory>();
        processes.add<echo>(bus);
        processes.add<transfer_process>(bus);
        is_over = true;
        other.join();
        projections.catch_up();
        processes.catch_up();
        CHECK(projections.status().size() == 3);  // and the effects
        CHECK(processes.status().size() == 2);
        for (const auto& status : projections.status()) CHECK(status.checkpoint == store->head());
    }
}
