// What the handler of an inline projection may do to its store, while the append that it belongs to is being committed.

#include "support/board.hpp"
#include "support/projections.hpp"
#include "support/run_sql.hpp"
#include "support/stores.hpp"
#include "support/transfer_helpers.hpp"

#include <stele/eventstore/subscription.hpp>
#include <stele/projections/inline/inline_projections.hpp>

#include <doctest/doctest.h>

#include <functional>
#include <string>
#include <thread>
#include <utility>
#include <vector>

using namespace testing;
using namespace std::chrono_literals;

namespace {

std::function<void()> in_handler;

struct ledger {
    static constexpr auto name = "ledger";
    static constexpr int version = 1;
    static constexpr auto events = hana::tuple_t<Incremented>;
    static void create(stele::read_model& db) { db.execute("CREATE TABLE ledger (n INTEGER)"); }
    static void project(const Incremented& event, const stele::recorded_event&, stele::read_model& db) {
        db.execute("INSERT INTO ledger VALUES (?1)", event.by());
        if (in_handler) std::exchange(in_handler, nullptr)();
    }
};

const stele::stream_id one{"counter-1"};
constexpr auto for_ever = std::chrono::milliseconds::max();
const auto any = stele::expected_version::any();

std::vector<stele::event_data> an_event() {
    return {stele::encode(incremented(1))};
}

}  // namespace

TEST_CASE("what would wait for the append being committed is refused in its handler, the rest works") {
    const temp_dir directory;
    auto store = stele::sqlite_store::open(directory / "events.db");
    stele::inline_projections applied{store};
    applied.add<ledger>();
    stele::projection_runner runner{store, directory / "read"};
    runner.add<totals>();
    runner.catch_up();
    runner.start();
    transfer_bus transfers{store};
    process_runner processes{store};
    processes.add<transfer_process>(transfers);
    processes.start();
    auto subscription = stele::subscribe(store, {}, [](const auto&) {});
    stele::command_bus<counter> bus{store};
    const std::vector<stele::document_write> a_document{{.kind = "kind", .key = "key", .value = "value"}};
    const std::vector<std::pair<std::string, std::function<void()>>> refused{
        {"append", [&] { (void)store.append(one, any, an_event()); }},
        {"append_async", [&] { (void)store.append_async(one, any, an_event()); }},
        {"truncate_stream", [&] { (void)store.truncate_stream(one, {1}, any); }},
        {"delete_stream", [&] { (void)store.delete_stream(one, any); }},
        {"tombstone_stream", [&] { (void)store.tombstone_stream(one, any); }},
        {"compact", [&] { store.compact(); }},
        {"add", [&] { applied.add<totals>(); }},
        {"rebuild", [&] { applied.rebuild<ledger>(); }},
        {"remove", [&] { applied.remove("ledger"); }},
        {"status", [&] { (void)applied.status(); }},
        {"open", [&] { (void)stele::sqlite_store::open(directory / "events.db"); }},
        {"open another", [&] { (void)stele::sqlite_store::open(directory / "another.db"); }},
        {"send", [&] { (void)bus.send(open("1")); }},
        {"take_snapshot", [&] { (void)store.append({}, a_document); }},
        {"wait of a runner", [&] { (void)runner.wait_for<totals>({99}, for_ever); }},
        {"catch_up of a runner", [&] { runner.catch_up(); }},
        {"start of a runner", [&] { runner.start(); }},
        {"start of processes", [&] { processes.start(); }},
        {"add of a runner", [&] { runner.add<board>(); }},
        {"rebuild of a runner", [&] { runner.rebuild<totals>(); }},
        {"wait of processes", [&] { (void)processes.wait_for<transfer_process>({99}, for_ever); }},
        {"catch_up of processes", [&] { processes.catch_up(); }},
        {"wait_for of a subscription", [&] { (void)subscription.wait_for({99}, for_ever); }},
        {"wait of a subscription", [&] { subscription.wait(); }},
    };
    const std::vector<std::pair<std::string, std::function<void()>>> harmless{
        {"read_all", [&] { lines(store.read_all()); }},
        {"head", [&] { (void)store.head(); }},
        {"wait_for_append", [&] { (void)store.wait_for_append({}, 1ms, {}); }},
        {"read_stream", [&] { lines(store.read_stream(one)); }},
        {"position_at", [&] { (void)store.position_at({}); }},
        {"find_document", [&] { (void)store.find_document("kind", "key"); }},
        {"verify", [&] { CHECK(store.verify().is_sound()); }},
        {"open_read_only", [&] { (void)stele::sqlite_store::open_read_only(directory / "events.db").head(); }},
        {"read model of the store", [&] { (void)stele::read_model::open_read_only(directory / "events.db"); }},
        {"read model of a runner", [&] { (void)rows_of_totals(directory / "read"); }},
        {"status of a runner", [&] { (void)runner.status(); }},
        {"status of processes", [&] { (void)processes.status(); }},
        {"stop of a runner", [&] { runner.stop(); }},
        {"stop of processes", [&] { processes.stop(); }},
        {"position of a subscription", [&] { (void)subscription.position(); }},
        {"stop of a subscription", [&] { subscription.stop(); }},
        {"backup", [&] { store.backup(directory / stele::uuid::v7().str()); }},
    };
    for (const auto& [table, is_async] :
         {std::pair{&refused, false}, {&refused, true}, {&harmless, true}, {&harmless, false}}) {
        for (const auto& [name, call] : *table) {
            CAPTURE(is_async);
            CAPTURE(name);
            std::string told;
            in_handler = [&, &made = call] {
                try {
                    made();
                } catch (const stele::error& fault) {
                    CHECK(fault.kind() == stele::error_kind::invalid_argument);
                    told = fault.what();
                }
            };
            const auto before = store.head();
            if (is_async)
                CHECK(store.append_async(one, any, an_event()).get());
            else
                CHECK(store.append(one, any, an_event()));
            CHECK(told.empty() == (table == &harmless));
            CHECK(store.head() == before.next());
        }
    }
}

TEST_CASE("a thread that appends while a handler waits for it gets `busy`, and nothing hangs") {
    const auto is_told = [](auto busy_timeout) {
        const temp_dir directory;
        auto store = stele::sqlite_store::open(directory / "events.db", {.connection = {.busy_timeout = busy_timeout}});
        stele::inline_projections{store}.add<ledger>();
        std::string told;
        in_handler = [&] {
            std::jthread{[&] {
                try {
                    (void)store.append(one, any, an_event());
                } catch (const stele::error& fault) {
                    CHECK(fault.kind() == stele::error_kind::busy);
                    told = fault.what();
                }
            }}.join();
        };
        CHECK(store.append(one, any, an_event()));
        CHECK(told.find("waits for itself") != told.npos);
        CHECK(store.head().value == 1);
        CHECK(store.append(one, any, an_event()));
    };
    is_told(50ms);
    is_told(1ns);
    is_told(0s);
    is_told(-1s);
    is_told(std::chrono::hours::min());
}

TEST_CASE("a stele::error that a handler throws does not close the store, whenever it runs") {
    using stele::error_kind;
    const temp_dir directory;
    auto store = stele::sqlite_store::open(directory / "events.db");
    auto other = stele::sqlite_store::open(directory / "events.db");  // as another process
    stele::inline_projections applied{store};
    for (const auto kind : {error_kind::io, error_kind::full, error_kind::corrupt}) {
        CAPTURE(to_string(kind));
        const auto fail = [kind] { throw stele::error{kind, "of the handler", 10}; };
        // In add() and rebuild(), which apply what is stored.
        REQUIRE(store.append(one, any, an_event()));
        in_handler = fail;
        CHECK_THROWS_AS(applied.rebuild<ledger>(), stele::error);
        applied.rebuild<ledger>();
        // In the append.
        in_handler = fail;
        CHECK_THROWS_AS((void)store.append(one, any, an_event()), stele::error);
        CHECK(store.append(one, any, an_event()));
        // In the next append, which applies what another process has appended.
        append_as_version_0_1(directory / "events.db", [&] { REQUIRE(other.append(one, any, an_event())); });
        in_handler = fail;
        CHECK_THROWS_AS((void)store.append(one, any, an_event()), stele::error);
        CHECK(store.append(one, any, an_event()));
    }
}
