// Threads, processes and locks around the handler of an inline projection: nothing waits for itself.

#include "projections/inline_place.hpp"
#include "support/in_child.hpp"
#include "support/projections.hpp"
#include "support/spy_store.hpp"
#include "support/stores.hpp"

#include <stele/commands/command_bus.hpp>
#include <stele/eventstore/subscription.hpp>

#include <sys/wait.h>
#include <unistd.h>

#include <atomic>
#include <cstdlib>
#include <future>
#include <memory>
#include <optional>
#include <thread>

using namespace testing;
using namespace std::chrono_literals;
using stele::error_kind;
using stele::expected_version;
using stele::stream_id;

namespace {

std::function<void(const stele::recorded_event&)> in_handler;

struct hook {
    static constexpr auto name = "hook";
    static constexpr int version = 1;
    static constexpr auto events = hana::tuple_t<Incremented>;
    static void create(stele::read_model& db) { db.execute("CREATE TABLE hook (n INTEGER)"); }
    static void project(const Incremented& event, const stele::recorded_event& at, stele::read_model& db) {
        db.execute("INSERT INTO hook VALUES (?1)", event.by());
        if (in_handler) in_handler(at);
    }
};

std::vector<stele::event_data> an_event() {
    return {stele::encode(incremented(1))};
}

const stream_id one{"counter-1"};
const auto any = expected_version::any();

}  // namespace

TEST_CASE("whatever needs a turn behind a handler gets `busy`, and nothing hangs") {
    const temp_dir directory;
    auto store = stele::sqlite_store::open(directory / "events.db", {.connection = {.busy_timeout = 50ms}});
    stele::inline_projections applied{store};
    applied.add<hook>();
    const std::vector<std::pair<std::string, std::function<void()>>> calls{
        {"append", [&] { (void)store.append(one, any, an_event()); }},
        {"truncate", [&] { (void)store.truncate_stream(one, {1}); }},
        {"compact", [&] { store.compact(); }},
        {"add", [&] { applied.add<totals>(); }},
        {"rebuild", [&] { applied.rebuild<hook>(); }},
        {"remove", [&] { applied.remove("hook"); }},
        {"status", [&] { (void)applied.status(); }},
        {"another store",
         [&] { (void)stele::sqlite_store::open(directory / "events.db", {.connection = {.busy_timeout = 50ms}}); }},
    };
    for (const auto& [name, call] : calls) {
        CAPTURE(name);
        std::optional<error_kind> told;
        in_handler = [&, &made = call](const auto&) {
            std::jthread{[&] {
                try {
                    made();
                } catch (const stele::error& fault) {
                    told = fault.kind();
                }
            }}.join();
        };
        const auto before = store.head();
        CHECK(store.append(one, any, an_event()));
        CHECK(told == error_kind::busy);
        in_handler = nullptr;
        CHECK(store.append(one, any, an_event()));
        CHECK(store.head().value == before.value + 2);
    }
    store.compact();
    applied.rebuild<hook>();
}

TEST_CASE("a command of a handler does not wait for one that waits for the handler") {
    const temp_dir directory;
    auto file = stele::sqlite_store::open(directory / "events.db", {.durability = stele::durability::normal});
    stele::inline_projections{file}.add<hook>();
    spy_store store{file};
    stele::command_bus<counter> bus{store};
    std::atomic<bool> is_sending = false;
    std::string told;
    REQUIRE(bus.send(open("2")));
    const auto sender = std::this_thread::get_id();
    // The command of this thread is to be committed by the thread of the asynchronous appends.
    while (told.empty()) {
        is_sending = false;
        in_handler = [&](const stele::recorded_event& at) {
            if (at.stream == "counter-1") is_sending.wait(false);
            if (at.stream != "counter-2" || std::this_thread::get_id() == sender) return;
            try {
                (void)bus.send(increment("2", 1));
                told = "sent";
            } catch (const stele::error& refused) {
                told = refused.what();
            }
        };
        auto first = file.append_async(one, any, an_event());
        std::future<stele::append_outcome> second;
        store.before_append = [&] {
            if (is_sending) return;
            second = file.append_async(stream_id{"counter-3"}, any, an_event());
            is_sending = true;
            is_sending.notify_all();
        };
        REQUIRE(bus.send(increment("2", 1)));
        REQUIRE(first.get());
        REQUIRE(second.get());
    }
    in_handler = nullptr;
    CHECK(told.find("called by a handler of an inline projection") != told.npos);
    CHECK(bus.send(increment("2", 1)));
}

TEST_CASE("an owner whose thread waits for the append may be destroyed in the handler of that append") {
    const temp_dir directory;
    auto store = stele::sqlite_store::open(directory / "events.db");
    stele::inline_projections{store}.add<hook>();
    std::atomic<bool> is_there = false;
    std::atomic<bool> may_append = false;
    std::atomic<bool> has_appended = false;
    const auto append_when_told = [&](const stele::recorded_event& at) {
        if (at.stream != "counter-8") return;
        is_there = true;
        is_there.notify_all();
        may_append.wait(false);
        CHECK(store.append(stream_id{"counter-9"}, any, an_event()));
        has_appended = true;
        has_appended.notify_all();
    };
    const auto destroy_in_handler = [&](const auto& destroy) {
        is_there = may_append = has_appended = false;
        REQUIRE(store.append(stream_id{"counter-8"}, any, an_event()));
        is_there.wait(false);
        in_handler = [&](const stele::recorded_event& at) {
            if (at.stream != "counter-1") return;
            may_append = true;
            may_append.notify_all();
            destroy();
        };
        REQUIRE(store.append(one, any, an_event()));
        has_appended.wait(false);
        in_handler = nullptr;
    };
    SUBCASE("a subscription") {
        auto life = std::make_shared<int>();
        const std::weak_ptr<int> lives = life;
        std::optional subscription{stele::subscribe(
            store, {.after = store.head()},
            [append_when_told, mine = life](const stele::recorded_event& at) { append_when_told(at); })};
        life.reset();
        destroy_in_handler([&] { subscription.reset(); });
        while (!lives.expired()) std::this_thread::yield();
    }
    SUBCASE("a projection runner") {
        before_projecting = append_when_told;
        std::optional<stele::projection_runner> runner{std::in_place, store, directory / "read"};
        runner->add<totals>();
        runner->start();
        destroy_in_handler([&] { runner.reset(); });
        // The directory is free when the last of it is gone.
        while (true) {
            try {
                (void)stele::projection_runner{store, directory / "read"};
                break;
            } catch (const stele::error& failure) {
                REQUIRE(failure.kind() == stele::error_kind::busy);
            }
        }
        before_projecting = nullptr;
    }
}

TEST_CASE("exit() in a handler ends the program, on whatever thread it runs") {
    for (const std::string way : {"append", "append_async", "add"}) {
        CAPTURE(way);
        const temp_dir directory;
        const auto file = directory / "events.db";
        const auto answer = in_child([&] {
            static std::optional<stele::sqlite_store> store;
            store = stele::sqlite_store::open(file, {.connection = {.busy_timeout = 50ms}});
            stele::inline_projections applied{*store};
            if (way != "add") applied.add<hook>();
            if (way == "add") (void)store->append(one, any, an_event());
            in_handler = [](const auto&) { std::exit(0); };
            if (way == "append") (void)store->append(one, any, an_event());
            if (way == "append_async") (void)store->append_async(one, any, an_event()).get();
            if (way == "add") applied.add<hook>();
            return std::string{"the program goes on"};
        });
        CHECK(answer == "");
        auto store = stele::sqlite_store::open(file);
        CHECK(store.head().value == (way == "add" ? 1 : 0));
        CHECK(store.verify().is_sound());
    }
}

TEST_CASE("a child of fork() in a handler is told that the append is its parent's, whatever it does") {
    const place here;
    auto store = here.open();
    stele::inline_projections applied{store};
    applied.add<hook>();
    int ends[2];
    REQUIRE(::pipe(ends) == 0);
    pid_t child = -1;
    in_handler = [&](const auto&) { child = ::fork(); };
    std::string told = "nothing";
    try {
        (void)store.append(one, any, an_event());
    } catch (const stele::error& refused) {
        told = refused.what();
    }
    if (child == 0) {
        in_handler = nullptr;
        const auto ask = [&](const auto& call) {
            try {
                call();
                told += "\nworks";
            } catch (const stele::error& refused) {
                told += refused.kind() == error_kind::closed ? "\nclosed" : std::string("\n") + refused.what();
            }
        };
        ask([&] { (void)store.append(one, any, an_event()); });
        ask([&] { (void)store.head(); });
        ask([&] { store.compact(); });
        ask([&] { applied.add<totals>(); });
        static_cast<void>(!::write(ends[1], told.data(), told.size()));
        ::_exit(0);
    }
    in_handler = nullptr;
    ::close(ends[1]);
    std::string answer(4096, '\0');
    answer.resize(static_cast<std::size_t>(std::max<ssize_t>(0, ::read(ends[0], answer.data(), answer.size()))));
    ::close(ends[0]);
    int status = 1;
    REQUIRE(::waitpid(child, &status, 0) == child);
    CHECK(status == 0);
    CHECK_MESSAGE(answer.find("fork()") != answer.npos, answer);
    CHECK_MESSAGE(answer.ends_with("\nclosed\nclosed\nclosed\nclosed"), answer);
    CHECK(told == "nothing");
    CHECK(store.append(one, any, an_event()));
    CHECK(store.head() == stele::position{2});
    CHECK(store.verify().is_sound());
}
